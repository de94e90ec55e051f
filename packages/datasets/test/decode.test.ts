import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decode, squarePixels } from "../src/index.js";
import { image, pngChunk, pngSignature, refusal } from "./temporary.js";

const encoded = (bytes: Uint8Array) => ({ kind: "encoded" as const, bytes, source: "pictures/x" });

describe("decoding", () => {
  it.each(["png", "jpeg", "webp"] as const)("reads %s", async (format) => {
    const { data, width, height } = await decode(encoded(await image([255, 255, 255], 5, format)));
    expect([data.length, width, height, ...new Set(data)]).toEqual([75, 5, 5, 255]);
  });

  it("repeats grey and drops alpha", async () => {
    const grey = sharp(Buffer.from([7, 9]), { raw: { width: 2, height: 1, channels: 1 } });
    expect([...(await decode(encoded(await grey.png().toBuffer()))).data]).toEqual([7, 7, 7, 9, 9, 9]);
    const alpha = sharp(Buffer.from([7, 8, 9, 0]), { raw: { width: 1, height: 1, channels: 4 } });
    expect([...(await decode(encoded(await alpha.png().toBuffer()))).data]).toEqual([7, 8, 9]);
    const greyAlpha = sharp(Buffer.from([7, 0]), { raw: { width: 1, height: 1, channels: 2 } });
    expect([...(await decode(encoded(await greyAlpha.png().toBuffer()))).data]).toEqual([7, 7, 7]);
  });

  it("leaves pixels of the right size alone", async () => {
    const pixels = Uint8Array.from({ length: 48 }, (_, i) => i);
    const raw = { kind: "pixels" as const, pixels, width: 4, height: 4, source: "raw" };
    expect((await squarePixels(raw, 4)).data).toBe(pixels);
  });

  it("refuses pixels that do not fill their image", async () => {
    const raw = { kind: "pixels" as const, pixels: new Uint8Array(5), width: 4, height: 4, source: "raw" };
    expect(await refusal(squarePixels(raw, 4))).toMatch(/^IMAGE_CORRUPT: raw: 5 bytes/);
  });
});

describe("images that are refused", () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';

  it.each([
    ["SVG", Buffer.from(svg)],
    ["GIF", Buffer.from("R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=", "base64")],
    ["text", Buffer.from("hello")],
    ["nothing", Buffer.alloc(0)],
  ])("%s", async (_, bytes) => {
    expect(await refusal(decode(encoded(bytes)))).toMatch(
      /^IMAGE_CORRUPT: pictures\/x is no JPEG, PNG or WebP image/,
    );
  });

  it.each(["png", "jpeg", "webp"] as const)("a truncated %s", async (format) => {
    const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256));
    const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    const text = await refusal(decode(encoded(whole.subarray(0, whole.length >> 1))));
    expect(text).toMatch(/^IMAGE_CORRUPT: pictures\/x cannot be decoded/);
  });

  it("a decompression bomb, with its pixels and the limit", async () => {
    const text = await refusal(decode(encoded(hugePng(50_000, 50_000))));
    expect(text).toMatch(
      /^IMAGE_CORRUPT: .*50000×50000 = 2500000000 pixels, more than the 100000000 that are decoded/,
    );
    expect(text).toContain("a decompression bomb");
  });
});

/** A PNG that announces a size and holds one row's worth of zeros. */
function hugePng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const data = deflateSync(Buffer.alloc(1 + width * 3));
  return Buffer.concat([
    pngSignature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", data),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}
