import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadImages } from "../src/index.js";
import { dataFolder, fixturesFolder, tensorBytes } from "./fixtures.js";
import { opened } from "./temporary.js";

const shards = join(dataFolder, "cifar10");
const expected = join(fixturesFolder, "cifar10/expected.safetensors");

describe.skipIf(!existsSync(shards) || !existsSync(expected))(
  "CIFAR-10 (needs the real images; set DIFFTAP_DATA and DIFFTAP_FIXTURES)",
  () => {
    it("decodes the first 32 test images to the reference's pixels", async () => {
      const dataset = await opened(`webdataset:${shards}/cifar10-test-000000.tar.gz`);
      expect(dataset.length).toBe(10_000);
      expect(dataset.classes).toEqual([
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
      ]);
      const indices = Array.from({ length: 32 }, (_, index) => index);
      for await (const batch of loadImages(dataset, { indices, size: 32, batch: 32, onCorrupt: "fail" })) {
        const { bytes, shape } = tensorBytes(expected, "images_uint8");
        expect(batch.images.shape).toEqual(shape);
        expect(Buffer.from(batch.images.data).equals(bytes)).toBe(true);
        const labels = tensorBytes(expected, "labels").bytes;
        expect([...batch.labels]).toEqual(indices.map((i) => labels[8 * i]));
      }
    });

    it("opens all 50,000 training images, 5,000 of each class", async () => {
      const dataset = await opened(`webdataset:${shards}/cifar10-train-{000000..000004}.tar.gz`);
      const counts = new Array(10).fill(0);
      for (let index = 0; index < dataset.length; index++) counts[dataset.label(index)]++;
      expect(counts).toEqual(new Array(10).fill(5000));
    });
  },
);
