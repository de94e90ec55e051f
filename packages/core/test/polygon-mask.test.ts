import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMask, encodeMask, maskArea, polygonMask, runsToText } from "../src/index.js";

const size = { height: 17, width: 23 };
const polygon = fc
  .array(fc.double({ min: -9, max: 32, noNaN: true }), { minLength: 3, maxLength: 9 })
  .chain((xs) =>
    fc
      .array(fc.double({ min: -9, max: 26, noNaN: true }), { minLength: xs.length, maxLength: xs.length })
      .map((ys) => xs.flatMap((x, point) => [x, ys[point]!])),
  );

describe("polygons", () => {
  // Strings and areas of pycocotools 2.0.11: merge(frPyObjects(polygons, height, width)).
  it.each([
    ["a rectangle", [[1, 1, 5, 1, 5, 4, 1, 4]], { height: 6, width: 8 }, "73300000a0", 12],
    [
      "five corners",
      [[2.2, 3.1, 15.7, 2.4, 20.3, 11.9, 9.5, 15.2, 1.1, 9.9]],
      size,
      "i02:6O001O1O001O001O0000O10O10O3N2N2N2MZ1",
      173,
    ],
    ["all sides left", [[-6.5, -3, 30.2, 4.5, 12, 40]], size, "0=42Ni3OXL000000001O000000001O0000", 361],
    [
      "an hourglass",
      [[3, 3, 18, 14, 3, 14, 18, 3]],
      size,
      "W2190M110O00100O011M031K0560JK05OM03OO01O010O10OO30P3",
      81,
    ],
    ["the whole image", [[0, 0, 23, 0, 23, 17, 0, 17]], size, "0W<", 391],
    [
      "three polygons, two over each other",
      [
        [1.5, 1.5, 8.25, 2, 7, 9.75],
        [6, 5, 16.4, 6.1, 15, 14.9, 5.3, 12],
        [20, 1, 22, 1, 22, 3, 20, 3],
      ],
      size,
      "T11`01O2N1GL39012M0010O00001O00MR2LUN0`0",
      102,
    ],
    ["a line", [[4, 4, 12, 9, 20, 14]], size, "W<", 0],
    [
      "a star that crosses itself, out of the image",
      [[14.75, 22.92, 19.27, 2.76, 5.0, 22.21, -3.84, 20.64, 19.91, 10.04, 5.09, 4.35]],
      size,
      "U31514OL32MO4NM25LJ573NGM62JO7NK25MK490JNM0415NG0W2",
      81,
    ],
  ])("%s", (_, polygons, of, text, area) => {
    const mask = polygonMask(polygons, of);
    expect(runsToText(mask)).toBe(text);
    expect(maskArea(mask)).toBe(area);
  });

  it("cover the pixels of the single ones together", () => {
    fc.assert(
      fc.property(fc.array(polygon, { minLength: 1, maxLength: 5 }), (polygons) => {
        const pixels = new Uint8Array(size.height * size.width);
        for (const one of polygons) {
          decodeMask(polygonMask([one], size)).forEach((inside, pixel) => {
            pixels[pixel]! |= inside;
          });
        }
        expect(polygonMask(polygons, size)).toEqual(encodeMask(pixels, size));
      }),
      { numRuns: 1000 },
    );
  });

  it("are the same drawn backwards and from any corner", () => {
    fc.assert(
      fc.property(polygon, fc.nat(8), (points, turn) => {
        const corners = Array.from({ length: points.length / 2 }, (_, i) => [
          points[2 * i]!,
          points[2 * i + 1]!,
        ]);
        const from = turn % corners.length;
        const turned = [...corners.slice(from), ...corners.slice(0, from)].reverse().flat();
        expect(polygonMask([turned], size)).toEqual(polygonMask([points], size));
      }),
      { numRuns: 1000 },
    );
  });

  it("cost columns, not distances: corners far away are cut off at once", () => {
    const far = 2 ** 27;
    expect(maskArea(polygonMask([[-far, -far, far, -far, far, far, -far, far]], size))).toBe(391);
  });
});

it.each([
  ["none", [], /without polygons/],
  ["an empty one", [[]], /a polygon of 0 coordinates/],
  ["an odd number of coordinates", [[1, 2, 3]], /a polygon of 3 coordinates/],
  ["NaN", [[0, 0, 4, Number.NaN, 4, 4]], /coordinate 3 of a polygon is NaN/],
  ["a corner beyond 32 bits", [[0, 0, 4e9, 0, 4, 4]], /coordinate 2 of a polygon is 4000000000/],
])("refused: %s", (_, polygons, message) => {
  expect(() => polygonMask(polygons, size)).toThrow(message);
  expect(() => polygonMask(polygons, size)).toThrow(expect.objectContaining({ code: "DATA_REFUSED" }));
});

it("refuses an outline that crosses columns without end", () => {
  const zigzag = Array.from({ length: 4 * 4200 }, (_, i) => (i % 2 === 1 ? 0 : i % 4 === 0 ? 0 : 1000));
  expect(() => polygonMask([zigzag], { height: 2, width: 1000 })).toThrow(/more than 4194304 times/);
});
