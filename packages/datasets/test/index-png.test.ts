import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeIndexPng } from "../src/files/index-png.js";
import { type IndexPng, indexPng, pngChunk, pngSignature, refusal } from "./temporary.js";

const map = (png: IndexPng) => decodeIndexPng(indexPng(png), "mask.png");

describe("a PNG of numbers", () => {
  it.each([1, 2, 4, 8, 16])("keeps values of %i bits", async (depth) => {
    const values = Array.from({ length: 21 }, (_, i) => (i * 2731) % 2 ** depth);
    expect([...(await map({ width: 7, values, depth })).data]).toEqual(values);
  });

  it.each([1, 2, 4, 8])("keeps palette indices of %i bits", async (depth) => {
    const values = Array.from({ length: 15 }, (_, i) => (i * 37) % 2 ** depth);
    const { width, height, data } = await map({ width: 5, values, depth, palette: true });
    expect([width, height, [...data]]).toEqual([5, 3, values]);
  });

  it("reads what libvips writes, filtered and interlaced", async () => {
    const values = Buffer.from(Array.from({ length: 24 * 17 }, (_, i) => (i * i) % 19));
    const grey = sharp(values, { raw: { width: 24, height: 17, channels: 1 } }).toColourspace("b-w");
    for (const progressive of [false, true]) {
      const bytes = await grey.clone().png({ progressive, adaptiveFiltering: true }).toBuffer();
      expect(Buffer.from((await decodeIndexPng(bytes, "x")).data)).toEqual(values);
    }
  });

  it("passes over text, profiles and their bombs", async () => {
    const bomb = Buffer.concat([Buffer.from("p\0\0"), deflateSync(Buffer.alloc(30_000_000))]);
    const extra = [pngChunk("iCCP", bomb), pngChunk("tEXt", Buffer.from("no keyword"))];
    expect([...(await map({ width: 2, values: [3, 4], extra })).data]).toEqual([3, 4]);
  });
});

describe("masks that are refused", () => {
  const whole = indexPng({ width: 40, values: Array.from({ length: 1600 }, (_, i) => (i * 7919) % 256) });

  it("a picture in colours", async () => {
    const rgb = await sharp({ create: { width: 2, height: 2, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    expect(await refusal(decodeIndexPng(rgb, "a.png"))).toMatch(/^DATA_REFUSED: a.png holds colours/);
  });

  it("a JPEG", async () => {
    const jpeg = await sharp({ create: { width: 2, height: 2, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    expect(await refusal(decodeIndexPng(jpeg, "a.png"))).toBe(
      "IMAGE_CORRUPT: a.png is no PNG image | copy or download the image again, or skip corrupt images",
    );
  });

  it("one that is cut short, at every byte", async () => {
    for (let end = 0; end < whole.length; end += 13)
      expect(await refusal(decodeIndexPng(whole.subarray(0, end), "a.png"))).toMatch(
        /^IMAGE_CORRUPT: a.png /,
      );
  });

  it("one with a bit flipped in its pixels", async () => {
    const flipped = Uint8Array.from(whole);
    flipped[whole.length - 400]! ^= 4;
    expect(await refusal(decodeIndexPng(flipped, "a.png"))).toMatch(
      /^IMAGE_CORRUPT: a.png cannot be decoded/,
    );
  });

  it("pixels that unpack to more than the header says", async () => {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(4, 0);
    header.writeUInt32BE(4, 4);
    header.set([8, 0, 0, 0, 0], 8);
    const bytes = Buffer.concat([
      pngSignature,
      pngChunk("IHDR", header),
      pngChunk("IDAT", deflateSync(Buffer.alloc(50_000_000))),
      pngChunk("IEND", Buffer.alloc(0)),
    ]);
    expect(await refusal(decodeIndexPng(bytes, "a.png"))).toMatch(/^IMAGE_CORRUPT: a.png cannot be decoded/);
  });

  it("a header that announces too many pixels, or none", async () => {
    const bytes = Uint8Array.from(whole);
    new DataView(bytes.buffer).setUint32(16, 2 ** 31);
    expect(await refusal(decodeIndexPng(bytes, "a.png"))).toContain("2147483648×40 pixels");
  });
});
