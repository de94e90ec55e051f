import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countPixels } from "../src/index.js";
import { fixturesMissing, readBytes, readExpected } from "./fixtures.js";

const labelNames = ["sky", "road", "tree"];
const line = (...data: number[]) => ({ height: 1, width: data.length, data: Uint8Array.from(data) });

const title = fixturesMissing
  ? "reference figures (skipped: no fixtures beside the repository)"
  : "reference figures";

test.skipIf(fixturesMissing)(title, () => {
  const { segmentation } = readExpected();
  const [labels, predicted] = [readBytes("segmentation.labels"), readBytes("segmentation.predictions")];
  const pixels = countPixels({ labelNames: ["0", "1", "2", "3", "4"], ignore: segmentation.ignore_index });
  const map = (values: Int32Array, image: number) => ({
    height: 40,
    width: 50,
    data: values.subarray(2000 * image, 2000 * (image + 1)),
  });
  for (let image = 0; image < 5; image++) pixels.add(map(labels, image), map(predicted, image));
  const { confusion, figures, classes, n, absent } = pixels.evaluate();
  expect(confusion).toEqual(segmentation.confusion);
  expect(n).toBe(5);
  expect(absent).toEqual([]);
  const differences = [
    figures.miou! - segmentation.mIoU,
    figures.pixelAccuracy! - segmentation.pixel_accuracy,
    figures.meanAccuracy! - segmentation.mean_class_accuracy,
    figures.frequencyWeightedIou! - segmentation.frequency_weighted_iou,
    ...classes.map(({ iou }, label) => iou! - segmentation.iou[label]!),
  ].map(Math.abs);
  if (process.env.DIFFTAP_FIGURES)
    process.stdout.write(`segmentation: largest difference ${Math.max(...differences)}\n`);
  expect(Math.max(...differences)).toBeLessThan(1e-12);
});

describe("pixels", () => {
  test("a class that is nowhere is in no mean and is named; one that is only predicted counts 0", () => {
    const pixels = countPixels({ labelNames: [...labelNames, "sign"], ignore: 255 });
    pixels.add(line(0, 0, 1, 255), line(0, 2, 1, 1));
    const { figures, classes, absent } = pixels.evaluate();
    expect(absent).toEqual(["sign"]);
    expect(classes.map(({ iou, accuracy, pixels: count }) => [iou, accuracy, count])).toEqual([
      [0.5, 0.5, 2],
      [1, 1, 1],
      [0, null, 0],
      [null, null, 0],
    ]);
    expect(figures.miou).toBeCloseTo(0.5, 12);
    expect(figures.meanAccuracy).toBeCloseTo(0.75, 12);
    expect(figures.pixelAccuracy).toBeCloseTo(2 / 3, 12);
    expect(figures.frequencyWeightedIou).toBeCloseTo((2 * 0.5 + 1) / 3, 12);
  });

  test("are the same in any order and however images are cut", () => {
    const values = fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 255), fc.nat(2)), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(values, fc.nat(), (drawn, at) => {
        const [truth, guess] = [drawn.map(([label]) => label), drawn.map(([, predicted]) => predicted)];
        const cut = 1 + (at % (drawn.length - 1));
        const whole = countPixels({ labelNames, ignore: 255 });
        whole.add(line(...truth), line(...guess));
        const parts = countPixels({ labelNames, ignore: 255 });
        parts.add(line(...truth.slice(cut)), line(...guess.slice(cut)));
        parts.add(line(...truth.slice(0, cut)), line(...guess.slice(0, cut)));
        expect(parts.evaluate()).toEqual({ ...whole.evaluate(), n: 2 });
      }),
    );
  });

  test("have intervals over images, which hold the figure and narrow with their number", () => {
    const widthOf = (images: number) => {
      const pixels = countPixels({ labelNames, ignore: 255 });
      for (let image = 0; image < images; image++) {
        pixels.add(line(0, 1, 2, 0, 1), line(0, 1, image % 3, image % 2, 1));
      }
      const { figures, intervals } = pixels.evaluate({ bootstrap: { seed: 1, resamples: 200 } });
      for (const [name, value] of Object.entries(figures)) {
        const [low, high] = intervals![name as keyof typeof figures]!;
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
      }
      return intervals!.miou![1] - intervals!.miou![0];
    };
    expect(widthOf(96)).toBeLessThan(widthOf(12));
  });

  test("where all are ignored have no figures", () => {
    const pixels = countPixels({ labelNames, ignore: 65535 });
    pixels.add({ height: 1, width: 1, data: Uint16Array.of(65535) }, line(0));
    const { figures, absent } = pixels.evaluate();
    expect(Object.values(figures)).toEqual([null, null, null, null]);
    expect(absent).toEqual(labelNames);
  });
});

test.each([
  ["no image", () => countPixels({ labelNames, ignore: 255 }).evaluate(), "USAGE_INVALID", /no image/],
  [
    "a class to be ignored",
    () => countPixels({ labelNames, ignore: 2 }),
    "USAGE_INVALID",
    /3 classes, and 2/,
  ],
  ["no classes", () => countPixels({ labelNames: [], ignore: 255 }), "USAGE_INVALID", /0 classes/],
  [
    "maps of other sizes",
    () =>
      countPixels({ labelNames, ignore: 255 }).add(line(0, 1), {
        height: 2,
        width: 1,
        data: Uint8Array.of(0, 1),
      }),
    "LABELS_MISMATCH",
    /true map is 1 × 2 with 2 values, the predicted 2 × 1/,
  ],
  [
    "a class too high",
    () => countPixels({ labelNames, ignore: 255 }).add(line(0, 3), line(0, 1)),
    "LABELS_MISMATCH",
    /true class at row 0, column 1 is 3, outside 0 … 2/,
  ],
  [
    "a prediction of what is ignored",
    () => countPixels({ labelNames, ignore: 255 }).add(line(0, 1), line(255, 1)),
    "LABELS_MISMATCH",
    /predicted class at row 0, column 0 is 255/,
  ],
])("refused: %s", (_, make, code, message) => {
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ code }));
});
