/** Small JPEGs that are decoded in groups give the pixels that each gives alone, and damaged ones their own names. */
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { groupsOfOneSize, smallJpeg } from "../src/image/decode-together.js";
import type { EncodedImage, ImageDataset } from "../src/index.js";
import { loadImages, squarePixels } from "../src/index.js";

const SIZE = 16;

async function jpeg(
  seed: number,
  options: { side?: number; grey?: boolean } & Parameters<ReturnType<typeof sharp>["jpeg"]>[0] = {},
) {
  const { side = SIZE, grey = false, ...encoding } = options;
  const data = Buffer.from(
    Array.from({ length: side * side * 3 }, (_, i) => (Math.sin(i * 0.11 * seed) + 1) * 127),
  );
  const picture = sharp(data, { raw: { width: side, height: side, channels: 3 } });
  return (grey ? picture.greyscale().toColourspace("b-w") : picture).jpeg(encoding).toBuffer();
}

async function pictures(): Promise<Buffer[]> {
  return Promise.all([
    jpeg(1),
    jpeg(2, { chromaSubsampling: "4:4:4" }),
    jpeg(3, { progressive: true }),
    jpeg(4, { grey: true }),
    jpeg(5, { side: 24 }),
    jpeg(6, { quality: 30 }),
    jpeg(7, { side: 24, progressive: true }),
    sharp(await jpeg(8))
      .png()
      .toBuffer(),
    jpeg(9, { optimiseCoding: false }),
  ]);
}

function datasetOf(images: readonly Uint8Array[]): ImageDataset {
  const encoded = (index: number): EncodedImage => ({
    kind: "encoded",
    bytes: images[index]!,
    source: `picture ${index}`,
  });
  return {
    name: "pictures",
    length: images.length,
    classes: null,
    digest: "0".repeat(64),
    id: (index) => `picture-${index}`,
    label: () => 0,
    read: async (index) => encoded(index),
  };
}

async function load(images: readonly Uint8Array[], onCorrupt: "fail" | "skip") {
  for await (const batch of loadImages(datasetOf(images), { size: SIZE, batch: images.length, onCorrupt }))
    return batch;
  throw new Error("no batch came");
}

describe("small JPEGs together", () => {
  it("are bit-equal to each alone, among images of every other kind", async () => {
    const images = await pictures();
    const { images: loaded } = await load(images, "fail");
    for (const [index, bytes] of images.entries()) {
      const alone = await squarePixels({ kind: "encoded", bytes, source: "alone" }, SIZE);
      const plane = SIZE * SIZE;
      const expected = Uint8Array.from(
        { length: 3 * plane },
        (_, at) => alone.data[(at % plane) * 3 + Math.floor(at / plane)]!,
      );
      expect(loaded.data.subarray(index * 3 * plane, (index + 1) * 3 * plane), `picture ${index}`).toEqual(
        expected,
      );
    }
  });

  it("takes only three-component JPEGs without profiles, and groups them by size", async () => {
    const images = await pictures();
    const taken = images.map((bytes) => smallJpeg({ kind: "encoded", bytes, source: "x" }));
    expect(taken.map((each) => each !== null)).toEqual([
      true,
      true,
      true,
      false,
      true,
      true,
      true,
      false,
      true,
    ]);
    const groups = groupsOfOneSize(taken.filter((each) => each !== null));
    expect(groups.map((group) => [group.length, group[0]!.size.width])).toEqual([
      [5, 16],
      [2, 24],
    ]);
    const turned = await sharp(await jpeg(1))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(smallJpeg({ kind: "encoded", bytes: turned, source: "x" })).toBeNull();
    expect(smallJpeg({ kind: "encoded", bytes: await jpeg(1, { side: 80 }), source: "x" })).toBeNull();
  });

  it("reports a damaged one under its own name and keeps its neighbours", async () => {
    const images = await pictures();
    images[2] = images[2]!.subarray(0, images[2]!.length >> 1);
    const { valid, failures, images: loaded } = await load(images, "skip");
    expect([...valid]).toEqual([1, 1, 0, 1, 1, 1, 1, 1, 1]);
    expect(failures).toMatchObject([{ index: 2, id: "picture-2", source: "picture 2" }]);
    expect(loaded.data.subarray(0, 10).some((value) => value > 0)).toBe(true);
    await expect(load(images, "fail")).rejects.toMatchObject({
      code: "IMAGE_CORRUPT",
      message: expect.stringContaining("picture 2"),
    });
  });
});
