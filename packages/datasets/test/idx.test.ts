import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openDataset } from "../src/index.js";
import { idxBytes, opened, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const pixels = Uint8Array.from({ length: 3 * 2 * 4 }, (_, i) => i * 10);

function pair(name: string, images = idxBytes([3, 2, 4], pixels), labels = idxBytes([3], [7, 0, 9])): string {
  write(folder, `${name}/train-labels-idx1-ubyte`, labels);
  return write(folder, `${name}/train-images-idx3-ubyte`, images);
}

describe("IDX", () => {
  it("reads grey images as RGB, and the labels beside them", async () => {
    const dataset = await opened(`idx:${pair("plain")}`);
    expect(dataset.length).toBe(3);
    expect([0, 1, 2].map((i) => dataset.label(i))).toEqual([7, 0, 9]);
    expect([0, 2].map((i) => dataset.id(i))).toEqual(["000000", "000002"]);
    const read = await dataset.read(1);
    expect(read).toMatchObject({ kind: "pixels", width: 4, height: 2 });
    const grey = pixels.subarray(8, 16);
    expect(read.kind === "pixels" && [...read.pixels]).toEqual(
      [...grey].flatMap((value) => [value, value, value]),
    );
  });

  it("reads gzip files, and has the same digest for them", async () => {
    write(folder, "packed/train-labels-idx1-ubyte.gz", gzipSync(idxBytes([3], [7, 0, 9])));
    const images = write(folder, "packed/train-images-idx3-ubyte.gz", gzipSync(idxBytes([3, 2, 4], pixels)));
    const packed = await opened(`idx:${images}`);
    const plain = await opened(`idx:${pair("plain-again")}`);
    expect(packed.digest).toBe(plain.digest);
    expect(await packed.read(2)).toMatchObject({
      pixels: ((await plain.read(2)) as { pixels: Uint8Array }).pixels,
    });
  });

  it("tells apart sets that differ in one label or in pixels", async () => {
    const digests = await Promise.all(
      [
        pair("one"),
        pair("two", undefined, idxBytes([3], [7, 1, 9])),
        pair(
          "three",
          idxBytes(
            [3, 2, 4],
            pixels.map((v) => v + 1),
          ),
        ),
      ].map(async (path) => (await opened(`idx:${path}`)).digest),
    );
    expect(new Set(digests).size).toBe(3);
  });

  it("takes labels by name, or none", async () => {
    const images = write(folder, "named/pictures.idx", idxBytes([1, 1, 1, 3], [5, 6, 7]));
    const labels = write(folder, "named/classes.idx", idxBytes([1], [4]));
    expect((await opened(`idx:${images},labels=${labels}`)).label(0)).toBe(4);
    const without = await opened(`idx:${images},labels=none`);
    expect(without.label(0)).toBe(-1);
    expect(await without.read(0)).toMatchObject({ pixels: Uint8Array.of(5, 6, 7) });
    expect(await refusal(openDataset(`idx:${images}`))).toMatch(/FILE_MISSING: no labels for .*labels=PATH/);
  });
});

describe("IDX files that are refused", () => {
  it("a wrong magic number, which is shown", async () => {
    const text = await refusal(openDataset(`idx:${pair("magic", idxBytes([3, 2, 4], pixels, 0x00000d03))}`));
    expect(text).toMatch(/^DATA_REFUSED: .*magic number 0x00000d03, expected 0x00000803 or 0x00000804/);
  });

  it("labels where images belong", async () => {
    const text = await refusal(openDataset(`idx:${pair("swapped", idxBytes([3], [1, 2, 3]))}`));
    expect(text).toContain("magic number 0x00000801");
  });

  it("a number of labels that is not the number of images", async () => {
    const text = await refusal(openDataset(`idx:${pair("counts", undefined, idxBytes([2], [7, 0]))}`));
    expect(text).toMatch(/^LABELS_MISMATCH: .* has 2 labels, .* has 3 images/);
  });

  it.each([
    [
      "cut short",
      idxBytes([3, 2, 4], pixels).subarray(0, -1),
      "announces 3×2×4 = 24 bytes after its header and has 23",
    ],
    ["too long", Buffer.concat([idxBytes([3, 2, 4], pixels), Buffer.alloc(1)]), "and has 25"],
    ["a cut header", idxBytes([3, 2, 4], pixels).subarray(0, 10), "ends within its IDX header"],
    ["an empty file", Buffer.alloc(0), "too few for an IDX header"],
    [
      "sizes that overflow",
      idxBytes([0xffffffff, 0xffffffff, 0xffffffff], []),
      "announces 4294967295×4294967295×4294967295",
    ],
    ["no pixels", idxBytes([3, 0, 4], []), "shape 3×0×4"],
    ["two channels", idxBytes([1, 1, 1, 2], [1, 2]), "shape 1×1×1×2"],
  ])("%s", async (name, bytes, message) => {
    const text = await refusal(openDataset(`idx:${pair(name, bytes)}`));
    expect(text).toMatch(/^DATA_REFUSED/);
    expect(text).toContain(message);
  });

  it("damaged gzip data", async () => {
    const packed = gzipSync(idxBytes([3, 2, 4], pixels));
    packed[packed.length - 6]! ^= 1;
    const path = write(folder, "damaged/train-images-idx3-ubyte.gz", packed);
    expect(await refusal(openDataset(`idx:${path}`))).toMatch(/^DATA_REFUSED: .* is damaged/);
  });

  it("a gzip bomb", async () => {
    const path = write(folder, "bomb/train-images-idx3-ubyte.gz", gzipSync(Buffer.alloc(40 * 1024 * 1024)));
    expect(await refusal(openDataset(`idx:${path}`))).toMatch(/^DATA_REFUSED: .*a decompression bomb/);
  });

  it("a missing file", async () => {
    expect(await refusal(openDataset(`idx:${folder}/nothing`))).toMatch(/^FILE_MISSING/);
  });

  it("an image that does not exist", async () => {
    const dataset = await opened(`idx:${pair("range")}`);
    expect(await refusal(dataset.read(3))).toMatch(/^USAGE_INVALID: image 3 .* has images 0 to 2/);
  });
});
