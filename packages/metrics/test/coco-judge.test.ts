/**
 * Random sets, measured by pycocotools beside. DIFFTAP_CASES sets their number (`pnpm --filter @difftap/metrics fuzz`:
 * 2,000), DIFFTAP_FUZZ_SEED repeats a run.
 */
import { maskArea, maskBox, polygonMask, runsToText } from "@difftap/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateDetections } from "../src/index.js";
import { detectionSet, largestDifference } from "./coco.js";
import { type CocoCase, cocoCase } from "./coco-cases.js";
import { judge, judgeIsMissing, judgeNote } from "./judge.js";

const cases = Number(process.env.DIFFTAP_CASES ?? 200);
const seed = Number(process.env.DIFFTAP_FUZZ_SEED ?? Date.now() % 2 ** 31);
const CASES_PER_CALL = 100;

const measure = `
import contextlib, copy, io
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

def stats(file, results, kind):
    truth = COCO()
    truth.dataset = copy.deepcopy(file)
    truth.createIndex()
    if results:
        found = truth.loadRes(copy.deepcopy(results))
    else:  # loadRes looks at the first result
        found = COCO()
        found.dataset = dict(file, annotations=[])
        found.createIndex()
    evaluation = COCOeval(truth, found, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return list(evaluation.stats)

def measured(case):
    file, results = case["file"], case["results"]
    masks = [{k: v for k, v in r.items() if k != "bbox"} for r in results]
    return {"box": stats(file, results, "bbox"), "mask": stats(file, results, "segm"), "masks": stats(file, masks, "segm")}

with contextlib.redirect_stdout(io.StringIO()):
    out = [measured(case) for case in given]
print(json.dumps(out))
`;

type Measured = Record<"box" | "mask" | "masks", number[]>;

function differences({ file, results }: CocoCase, expected: Measured): Record<keyof Measured, number> {
  const set = detectionSet(file, results);
  const figures = (kind: "box" | "mask", sizeBy: "box" | "mask") =>
    evaluateDetections({ ...set, kind, sizeBy }).figures;
  return {
    box: largestDifference(figures("box", "box"), expected.box),
    mask: largestDifference(figures("mask", "box"), expected.mask),
    masks: largestDifference(figures("mask", "mask"), expected.masks),
  };
}

describe.skipIf(judgeIsMissing)(`pycocotools beside${judgeNote}`, () => {
  test(`all figures of ${cases} random sets to 1e-9, seed ${seed}`, { timeout: 3_600_000 }, () => {
    const sets = fc.sample(cocoCase, { numRuns: cases, seed });
    let [worst, figures] = [0, 0];
    for (let start = 0; start < sets.length; start += CASES_PER_CALL) {
      const part = sets.slice(start, start + CASES_PER_CALL);
      const measured = judge(measure, part) as Measured[];
      part.forEach((set, place) => {
        for (const [kind, difference] of Object.entries(differences(set, measured[place]!))) {
          expect(difference, `set ${start + place} by ${kind}`).toBeLessThan(1e-9);
          worst = Math.max(worst, difference);
        }
        figures += Object.values(measured[place]!)
          .flat()
          .filter((value) => value > -1).length;
      });
    }
    expect(figures).toBeGreaterThan(15 * cases);
    if (process.env.DIFFTAP_FIGURES)
      process.stdout.write(`${cases} sets, ${figures} figures, largest difference ${worst}\n`);
  });

  test("polygons of any shape become the same runs, areas and boxes", () => {
    const coordinate = fc.double({ min: -20, max: 70, noNaN: true });
    const polygon = fc
      .array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 12 })
      .map((points) => points.flat());
    const size = fc.record({
      height: fc.integer({ min: 1, max: 50 }),
      width: fc.integer({ min: 1, max: 50 }),
    });
    const outlines = fc.sample(
      fc.record({ size, polygons: fc.array(polygon, { minLength: 1, maxLength: 4 }) }),
      { numRuns: 10 * cases, seed },
    );
    const expected = judge(
      `from pycocotools import mask
def drawn(size, polygons):
    runs = mask.merge(mask.frPyObjects(polygons, size["height"], size["width"]))
    return [runs["counts"].decode(), int(mask.area(runs)), list(mask.toBbox(runs))]
print(json.dumps([drawn(**outline) for outline in given]))`,
      outlines,
    );
    const drawn = outlines.map(({ size: of, polygons }) => {
      const mask = polygonMask(polygons, of);
      return [runsToText(mask), maskArea(mask), maskBox(mask)];
    });
    expect(drawn).toEqual(expected);
  });
});
