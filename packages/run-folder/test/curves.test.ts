import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CurvePoint, overSeeds, thinPoints } from "../src/index.js";

const line = (length: number): CurvePoint[] => Array.from({ length }, (_, x) => [x, 2 * x + 1]);

describe("thinned points", () => {
  it("are the same where there are few", () => {
    expect(thinPoints(line(5), 5)).toEqual(line(5));
    expect(thinPoints([])).toEqual([]);
  });

  it("keep both ends and the means of the stretches between", () => {
    expect(
      thinPoints(
        [
          [0, 9],
          [1, 1],
          [2, 3],
          [3, 5],
          [4, 7],
          [5, 0],
        ],
        4,
      ),
    ).toEqual([
      [0, 9],
      [1.5, 2],
      [3.5, 6],
      [5, 0],
    ]);
  });

  it("stay on a straight line, in order, and at most so many", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 3, max: 400 }), (length, most) => {
        const thinned = thinPoints(line(length), most);
        expect(thinned).toHaveLength(Math.min(length, most));
        thinned.forEach(([x, y], index) => {
          expect(y).toBeCloseTo(2 * x + 1, 8);
          if (index > 0) expect(x).toBeGreaterThan(thinned[index - 1]![0]);
        });
      }),
    );
  });
});

describe("a number over seeds", () => {
  it("is the mean with the sample standard deviation", () => {
    expect(overSeeds([58, 61, 64])).toEqual({ mean: 61, deviation: 3 });
    expect(overSeeds([60])).toEqual({ mean: 60, deviation: null });
  });

  it("needs a seed", () => {
    expect(() => overSeeds([])).toThrow(RangeError);
  });
});
