import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bicubic, box, resample } from "../src/image/resample.js";
import { centreCrop, squarePixels } from "../src/index.js";
import { fixturesFolder, tensorBytes } from "./fixtures.js";

const folder = join(fixturesFolder, "preprocessing");
const images = ["bccd", "camvid", "palette-alpha", "tall", "tiny-grey"];
const cases = images.flatMap((image) => [16, 32, 64, 100].map((size) => ({ image, size })));

describe.skipIf(!existsSync(folder))(
  "the centre crop of guided-diffusion (needs the reference tensors; set DIFFTAP_FIXTURES)",
  () => {
    it.each(cases)("$image at $size pixels", async ({ image, size }) => {
      const bytes = readFileSync(join(folder, `${image}.png`));
      const { data } = await squarePixels({ kind: "encoded", bytes, source: image }, size);
      const expected = tensorBytes(join(folder, "expected.safetensors"), `${image}.${size}`).bytes;
      expect(data.length).toBe(expected.length);
      const differences = data.map((value, i) => Math.abs(value - expected[i]!));
      expect(differences.reduce((a, b) => a + b, 0)).toBe(0); // bit for bit, though the mean may differ by 1
    });
  },
);

describe("resampling", () => {
  const gradient = (width: number, height: number) => ({
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 251),
    width,
    height,
  });

  it("halves by the mean of two by two pixels", () => {
    const data = Uint8Array.of(0, 0, 0, 10, 20, 30, 20, 40, 60, 30, 60, 90);
    const window = { left: 0, top: 0, width: 1, height: 1 };
    expect([...resample({ data, width: 2, height: 2 }, 1, 1, box, window).data]).toEqual([15, 30, 45]);
  });

  it("computes the same pixels whether asked for a part or for all", () => {
    for (const [width, height] of [
      [50, 40],
      [30, 90],
    ] as const) {
      const image = gradient(width, height);
      const whole = resample(image, 20, 25, bicubic, { left: 0, top: 0, width: 20, height: 25 });
      const part = resample(image, 20, 25, bicubic, { left: 3, top: 4, width: 10, height: 12 });
      for (let y = 0; y < 12; y++) {
        const row = whole.data.subarray(((y + 4) * 20 + 3) * 3, ((y + 4) * 20 + 13) * 3);
        expect(part.data.subarray(y * 30, y * 30 + 30)).toEqual(row);
      }
    }
  });

  it("leaves an image of one colour as it is, at any size", () => {
    const image = { data: new Uint8Array(23 * 31 * 3).fill(201), width: 23, height: 31 };
    for (const size of [1, 5, 11, 23, 40]) {
      expect(new Set(centreCrop(image, size).data)).toEqual(new Set([201]));
    }
  });
});
