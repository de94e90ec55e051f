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

describe("a crop that is not square", () => {
  const picture = (width: number, height: number) => ({
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 7) % 251),
    width,
    height,
  });

  it.each([
    [50, 40],
    [23, 91],
    [400, 90],
  ])("is the middle of the square one where that is as high: %i×%i", (width, height) => {
    const image = picture(width, height);
    const [square, part] = [centreCrop(image, 16), centreCrop(image, { height: 16, width: 8 })];
    // Both are scaled alike where the image is no narrower than the crop's proportions.
    if (width * 16 < height * 16) return expect(part).toMatchObject({ width: 8, height: 16 });
    for (let y = 0; y < 16; y++) {
      const row = square.data.subarray((y * 16 + 4) * 3, (y * 16 + 12) * 3);
      expect(part.data.subarray(y * 24, y * 24 + 24)).toEqual(row);
    }
  });

  it("covers the image as far as it can", () => {
    const data = new Uint8Array(40 * 20 * 3);
    for (let i = 0; i < data.length; i++) data[i] = Math.floor(i / 3) % 40 < 20 ? 0 : 200;
    // 40×20 cropped to 20×10: halved and whole, dark on the left, bright on the right.
    const { data: cropped } = centreCrop({ data, width: 40, height: 20 }, { height: 10, width: 20 });
    const rows = Array.from({ length: 10 }, (_, y) => [...cropped.subarray(y * 60, y * 60 + 60)]);
    for (const row of rows) {
      expect(row.slice(0, 27).every((value) => value === 0)).toBe(true);
      expect(row.slice(33).every((value) => value === 200)).toBe(true);
    }
  });
});

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
