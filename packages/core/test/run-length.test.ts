import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeMask,
  encodeMask,
  isDifftapError,
  maskArea,
  maskBox,
  type RunLengthMask,
  runLengthMask,
  runsFromText,
  runsToText,
} from "../src/index.js";

const side = fc.integer({ min: 1, max: 12 });
const pixels = fc.tuple(side, side).chain(([height, width]) =>
  fc.record({
    size: fc.constant({ height, width }),
    mask: fc.uint8Array({ min: 0, max: 1, minLength: height * width, maxLength: height * width }),
  }),
);

/** Any runs over an image as wide as runs get, empty ones among them. */
const anyRuns = fc
  .array(fc.oneof(fc.constant(0), fc.nat(40), fc.nat(2 ** 28)), { minLength: 1, maxLength: 12 })
  .filter((counts) => counts.some((count) => count > 0))
  .map((counts) =>
    runLengthMask(counts, { height: 1, width: counts.reduce((sum, count) => sum + count, 0) }),
  );

function plain({ height, width, counts }: RunLengthMask) {
  return { height, width, counts: Array.from(counts) };
}

describe("runs", () => {
  it("go down the columns from the left, zeros first", () => {
    expect(plain(encodeMask(Uint8Array.of(0, 1, 1, 0, 1, 1), { height: 2, width: 3 }))).toEqual({
      height: 2,
      width: 3,
      counts: [2, 4],
    });
    expect(plain(encodeMask(Uint8Array.of(1, 0, 0, 7), { height: 2, width: 2 })).counts).toEqual([
      0, 1, 2, 1,
    ]);
  });

  it("take any mask there and back, with its area and the box around it", () => {
    fc.assert(
      fc.property(pixels, ({ mask, size }) => {
        const runs = encodeMask(mask, size);
        expect(decodeMask(runs)).toEqual(mask);
        const inside = [...mask.keys()].filter((pixel) => mask[pixel] === 1);
        expect(maskArea(runs)).toBe(inside.length);
        const columns = inside.map((pixel) => pixel % size.width);
        const rows = inside.map((pixel) => Math.floor(pixel / size.width));
        const [left, top] = [Math.min(...columns), Math.min(...rows)];
        const box = [left, top, Math.max(...columns) - left + 1, Math.max(...rows) - top + 1];
        expect(maskBox(runs)).toEqual(inside.length === 0 ? [0, 0, 0, 0] : box);
      }),
      { numRuns: 2000 },
    );
  });

  it("may be empty in between", () => {
    const runs = runLengthMask([1, 2, 0, 1, 2, 0], { height: 2, width: 3 });
    expect(Array.from(decodeMask(runs))).toEqual([0, 1, 0, 1, 1, 0]);
    expect(maskArea(runs)).toBe(3);
    expect(maskBox(runs)).toEqual([0, 0, 2, 2]);
  });
});

describe("text", () => {
  // Strings of pycocotools 2.0.11.
  it.each([
    ["73300000a0", 6, 8, [7, 3, 3, 3, 3, 3, 3, 3, 20]],
    ["0W<", 17, 23, [0, 391]],
    ["W<", 17, 23, [391]],
  ])("%s is read and written as pycocotools does", (text, height, width, counts) => {
    const runs = runsFromText(text, { height, width });
    expect(Array.from(runs.counts)).toEqual(counts);
    expect(runsToText(runs)).toBe(text);
  });

  it("takes any runs there and back", () => {
    fc.assert(
      fc.property(anyRuns, (runs) => {
        expect(plain(runsFromText(runsToText(runs), runs))).toEqual(plain(runs));
      }),
      { numRuns: 5000 },
    );
  });

  it("any other text is a mask or is refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 24 }), pixels, (text, { size }) => {
        try {
          expect(maskArea(runsFromText(text, size))).toBeLessThanOrEqual(size.height * size.width);
        } catch (error) {
          if (!isDifftapError(error, "DATA_REFUSED")) throw error;
        }
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("refused", () => {
  const size = { height: 2, width: 3 };

  it("runs that do not sum to the number of pixels", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 6 }), (counts) => {
        fc.pre(counts.reduce((sum, count) => sum + count, 0) !== 6);
        expect(() => runLengthMask(counts, size)).toThrow(/sum to \d+, its 2 × 3 pixels are 6/);
      }),
    );
  });

  it.each([
    ["a negative run", () => runLengthMask([7, -1], size), /run 1 of a mask is -1/],
    ["half a run", () => runLengthMask([5.5, 0.5], size), /run 0 of a mask is 5.5/],
    ["a run that is no number", () => runLengthMask([Number.NaN], size), /run 0 of a mask is NaN/],
    ["no pixels", () => runLengthMask([], { height: 0, width: 3 }), /0 × 3 is not the size/],
    ["too many pixels", () => runLengthMask([1], { height: 2 ** 20, width: 2 ** 13 }), /is not the size/],
    ["pixels of another size", () => encodeMask(new Uint8Array(5), size), /2 × 3 pixels has 5 values/],
    ["a foreign character", () => runsFromText("2p4", size), /character 1 of a compressed mask is "p"/],
    ["a number cut short", () => runsFromText("6R", size), /no whole number at character 1/],
    ["a number without end", () => runsFromText("oooooooooooo0", size), /no whole number at character 0/],
    ["a run that falls below 0", () => runsFromText("222M", size), /run 3 of a mask is -1/],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: "DATA_REFUSED" }));
  });
});
