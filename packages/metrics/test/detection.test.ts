import { encodeMask, streams, uniforms } from "@difftap/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Box,
  type Detection,
  type DetectionSet,
  evaluateDetections,
  evaluateVocDetections,
  type TrueObject,
} from "../src/index.js";
import { percentileInterval } from "../src/intervals.js";
import { detectionSet } from "./coco.js";
import { cocoCase } from "./coco-cases.js";

const categories = [{ name: "cell" }, { name: "platelet" }];

function truth(image: number, box: Box, change: Partial<TrueObject> = {}): TrueObject {
  return { image, label: 0, box, area: box[2] * box[3], crowd: false, ...change };
}

function found(image: number, box: Box, score: number, change: Partial<Detection> = {}): Detection {
  return { image, label: 0, box, score, ...change };
}

const set = (groundTruth: TrueObject[], detections: Detection[], images = [0, 1]): DetectionSet => ({
  images,
  categories,
  groundTruth,
  detections,
});

const evaluate = (
  groundTruth: TrueObject[],
  detections: Detection[],
  change: { bootstrap?: { seed: number; resamples: number } } = {},
) => evaluateDetections({ ...set(groundTruth, detections), kind: "box", ...change });

describe("COCO figures", () => {
  const objects = [truth(0, [10, 10, 20, 20]), truth(1, [30, 30, 50, 50])];

  test("are 1 when everything is found exactly, and null for sizes that are not there", () => {
    const { figures, categories: each } = evaluate(
      objects,
      objects.map(({ image, box }) => found(image, box, 0.5)),
    );
    const one = expect.closeTo(1, 12);
    expect(figures).toEqual({
      ...{ ap: one, ap50: one, ap75: one, apSmall: one, apMedium: one, apLarge: null },
      ...{ ar1: one, ar10: one, ar100: one, arSmall: one, arMedium: one, arLarge: null },
    });
    expect(each).toEqual([
      { label: 0, name: "cell", ap: one, ap50: one, bestScore: 0.5, objects: 2 },
      { label: 1, name: "platelet", ap: null, ap50: null, bestScore: null, objects: 0 },
    ]);
  });

  test("come with the score of the best F1: what is below is more often wrong than right", () => {
    const empty: Box = [200, 200, 9, 9];
    const graded = [
      found(0, objects[0]!.box, 0.9),
      found(1, empty, 0.8),
      found(1, objects[1]!.box, 0.7),
      found(0, empty, 0.7),
      found(0, empty, 0.2),
    ];
    const best = (detections: Detection[]) => evaluate(objects, detections).categories[0]!.bestScore;
    // F1 of 2/3 from 0.9, 4/6 from 0.7: of two that are equal the higher score.
    expect(best(graded)).toBe(0.9);
    expect(best(graded.filter(({ score, image }) => score !== 0.7 || image === 1))).toBe(0.7);
    expect(best([found(0, empty, 0.9)])).toBeNull();
  });

  test("are 0 when nothing is found, null without objects", () => {
    expect(evaluate(objects, []).figures).toMatchObject({ ap: 0, ar100: 0, apLarge: null });
    expect(evaluate([], [found(0, [1, 1, 5, 5], 0.5)]).figures).toMatchObject({ ap: null, ar1: null });
  });

  test("follow the overlap: 2/3 passes 0.50 to 0.65", () => {
    const { figures } = evaluate([truth(0, [0, 0, 20, 20])], [found(0, [0, 4, 20, 20], 1)]);
    expect(figures.ap).toBeCloseTo(0.4, 12);
    expect(figures).toMatchObject({ ap50: expect.closeTo(1, 12), ap75: 0 });
  });

  test("take one object for one detection; the other is wrong, or ignored inside a crowd", () => {
    const box: Box = [0, 0, 20, 20];
    const twice = [found(0, box, 0.9), found(0, box, 0.8), found(1, [30, 30, 50, 50], 0.7)];
    // Recall 1/2 with precision 1, recall 1 with 2/3; of 101 points 51 and 50.
    expect(evaluate([truth(0, box), objects[1]!], twice).figures.ap).toBeCloseTo(
      (51 + 50 * (2 / 3)) / 101,
      12,
    );
    const crowd = truth(0, [0, 0, 90, 90], { crowd: true });
    expect(evaluate([truth(0, box), objects[1]!, crowd], twice).figures.ap).toBeCloseTo(1, 12);
  });

  test("count the hundred best of an image and category", () => {
    const noise = Array.from({ length: 100 }, () => found(0, [70, 70, 5, 5], 0.9));
    const late = found(0, [10, 10, 20, 20], 0.1);
    expect(evaluate(objects, [...noise.slice(1), late]).figures.ar100).toBe(0.5);
    expect(evaluate(objects, [...noise, late]).figures.ar100).toBe(0);
  });

  test("have intervals of the sets that are drawn, image by image", () => {
    const resamples = 25;
    fc.assert(
      fc.property(cocoCase, ({ file, results }) => {
        // Copies of an image that ties with itself could be ordered in many ways; here nothing ties.
        const untied = results.map((each, place) => ({ ...each, score: each.score + 1e-6 * place }));
        const given = detectionSet(file, untied);
        const { intervals } = evaluateDetections({
          ...given,
          kind: "box",
          bootstrap: { seed: 3, resamples },
        });
        const drawn = Array.from({ length: resamples }, (_, index) =>
          evaluateDetections({ ...drawnSet(given, index), kind: "box" }),
        );
        for (const name of ["ap", "ap50", "arSmall", "ar1"] as const) {
          const values = drawn.map(({ figures }) => figures[name]).filter((value) => value !== null);
          if (values.length === 0) expect(intervals![name]).toBeNull();
          else {
            const [low, high] = percentileInterval(Float64Array.from(values));
            expect(intervals![name]![0]).toBeCloseTo(low, 10);
            expect(intervals![name]![1]).toBeCloseTo(high, 10);
          }
        }
      }),
      { numRuns: 20, seed: 5 },
    );
  });

  /** Each image as often as it was drawn, under numbers of their own. */
  function drawnSet(given: DetectionSet, index: number): DetectionSet {
    const images = [...given.images].sort((a, b) => a - b);
    const draws = uniforms({ seed: 3, stream: streams.subset, index }, images.length);
    const chosen = Array.from(draws, (draw) => images[Math.floor(draw * images.length)]!);
    const copies = chosen.map((image, copy) => ({ image, as: 1000 * image + copy }));
    const copied = <T extends { image: number }>(objects: readonly T[]) =>
      copies.flatMap(({ image, as }) =>
        objects.filter((each) => each.image === image).map((each) => ({ ...each, image: as })),
      );
    return {
      images: copies.map(({ as }) => as),
      categories: given.categories,
      groundTruth: copied(given.groundTruth),
      detections: copied(given.detections),
    };
  }
});

describe("refused", () => {
  const box: Box = [0, 0, 4, 4];
  const mask = encodeMask(new Uint8Array(24).fill(1), { height: 4, width: 6 });
  const other = encodeMask(new Uint8Array(24).fill(1), { height: 6, width: 4 });

  test.each([
    ["no images", () => evaluateDetections({ ...set([], [], []), kind: "box" }), /0 images/],
    ["another image", () => evaluate([], [found(7, box, 1)]), /detection 0 lies in image 7/],
    [
      "another category",
      () => evaluate([truth(0, box, { label: 2 })], []),
      /object 0: label 2 is outside 0 … 1/,
    ],
    [
      "a score that is no number",
      () => evaluate([], [found(0, box, Number.NaN)]),
      /not finite: 0, 0, 4, 4, NaN/,
    ],
    [
      "a box without end",
      () => evaluateVocDetections(set([truth(0, [0, 0, Infinity, 4])], [])),
      /object 0 holds/,
    ],
    [
      "objects without masks",
      () => evaluateDetections({ ...set([truth(0, box)], [found(0, box, 1, { mask })]), kind: "mask" }),
      /an object of image 0 has no mask/,
    ],
    [
      "detections without masks, where no object is",
      () => evaluateDetections({ ...set([], [found(1, box, 1)]), kind: "mask", sizeBy: "mask" }),
      /a detection of image 1 has no mask/,
    ],
    [
      "masks of another size",
      () =>
        evaluateDetections({
          ...set([truth(0, box, { mask })], [found(0, box, 1, { mask: other })]),
          kind: "mask",
        }),
      /4 × 6 and 6 × 4|6 × 4 and 4 × 6/,
    ],
    [
      "boxes sized by masks",
      () => evaluateDetections({ ...set([], []), kind: "box", sizeBy: "mask" }),
      /sized by masks/,
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe("VOC", () => {
  const objects = [0, 1, 2, 3].map((image) => truth(image, [0, 0, 10, 10]));
  const voc = (detections: Detection[], change: Partial<TrueObject> = {}) =>
    evaluateVocDetections(set([...objects, truth(0, [50, 50, 10, 10], change)], detections, [0, 1, 2, 3]))
      .figures;

  test("both figures, by hand", () => {
    // Right, wrong, right, wrong, of four objects: recall 1/4 at precision 1, 1/2 at 2/3.
    const detections = [
      found(0, [0, 0, 10, 10], 0.9),
      found(0, [0, 0, 10, 10], 0.8),
      found(1, [0, 0, 10, 9], 0.7),
      found(2, [0, 0, 10, 4], 0.6),
      found(0, [50, 50, 10, 10], 0.95),
    ];
    const { ap, apElevenPoints } = voc(detections, { difficult: true });
    expect(ap).toBeCloseTo(1 / 4 + (1 / 4) * (2 / 3), 12);
    expect(apElevenPoints).toBeCloseTo((3 + 3 * (2 / 3)) / 11, 12);
    expect(voc(detections).ap).toBeCloseTo(2 / 5 + (1 / 5) * (3 / 4), 12);
  });

  test("of random sets, as the development kit's program computes them", () => {
    fc.assert(
      fc.property(cocoCase, fc.array(fc.boolean(), { minLength: 15, maxLength: 15 }), (drawn, difficult) => {
        const given = detectionSet(drawn.file, drawn.results);
        const groundTruth = given.groundTruth.map((each, place) => ({
          ...each,
          crowd: false,
          difficult: difficult[place]!,
        }));
        const { categories: each } = evaluateVocDetections({ ...given, groundTruth });
        for (const { label, ap, apElevenPoints, objects: wanted } of each) {
          const { recall, precision, positives } = developmentKit({ ...given, groundTruth }, label);
          expect(wanted).toBe(positives);
          if (positives === 0) expect(ap).toBeNull();
          else {
            expect(ap).toBeCloseTo(area(recall, precision), 10);
            expect(apElevenPoints).toBeCloseTo(elevenPoints(recall, precision), 10);
          }
        }
      }),
      { numRuns: 100, seed: 11 },
    );
  });

  /** VOCevaldet.m, line by line. */
  function developmentKit({ images, groundTruth, detections }: DetectionSet, label: number) {
    const order = [...new Set(images)].sort((a, b) => a - b);
    const ranked = detections
      .filter((each) => each.label === label)
      .sort((a, b) => b.score - a.score || order.indexOf(a.image) - order.indexOf(b.image));
    const real = groundTruth.filter((each) => each.label === label);
    const taken = new Set<TrueObject>();
    const positives = real.filter(({ difficult }) => !difficult).length;
    let [right, wrong] = [0, 0];
    const recall: number[] = [];
    const precision: number[] = [];
    for (const { image, box } of ranked) {
      let [most, best]: [number, TrueObject | undefined] = [Number.NEGATIVE_INFINITY, undefined];
      for (const object of real.filter((each) => each.image === image)) {
        const [l, t, w, h] = object.box;
        const wide = Math.min(box[0] + box[2], l + w) - Math.max(box[0], l);
        const high = Math.min(box[1] + box[3], t + h) - Math.max(box[1], t);
        if (wide <= 0 || high <= 0) continue;
        const overlap = (wide * high) / (box[2] * box[3] + w * h - wide * high);
        if (overlap > most) [most, best] = [overlap, object];
      }
      if (best && most >= 0.5) {
        if (!best.difficult) {
          if (taken.has(best)) wrong += 1;
          else right += 1;
          taken.add(best);
        }
      } else wrong += 1;
      recall.push(right / positives);
      precision.push(right / Math.max(1, right + wrong));
    }
    return { recall, precision, positives };
  }

  function area(recall: number[], precision: number[]): number {
    const [rec, pre] = [
      [0, ...recall, 1],
      [0, ...precision, 0],
    ];
    for (let i = pre.length - 2; i >= 0; i--) pre[i] = Math.max(pre[i]!, pre[i + 1]!);
    return rec.slice(1).reduce((sum, each, i) => sum + (each - rec[i]!) * pre[i + 1]!, 0);
  }

  function elevenPoints(recall: number[], precision: number[]): number {
    const at = (least: number) => Math.max(0, ...precision.filter((_, i) => recall[i]! >= least - 1e-12));
    return Array.from({ length: 11 }, (_, tenth) => at(tenth / 10)).reduce((sum, each) => sum + each, 0) / 11;
  }
});
