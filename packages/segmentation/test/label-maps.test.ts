import { ndarray } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { labelMapOf, stackLabelMaps } from "../src/index.js";

const range = { classes: 4, ignore: 65535 };

describe("label maps", () => {
  test("are stacked as they are, ignored pixels among them", () => {
    const maps = [
      { height: 1, width: 3, data: Uint8Array.of(0, 3, 2) },
      { height: 1, width: 3, data: Uint16Array.of(65535, 1, 0) },
    ];
    const { shape, data } = stackLabelMaps(maps, range);
    expect(shape).toEqual([2, 1, 3]);
    expect(Array.from(data)).toEqual([0, 3, 2, 65535, 1, 0]);
  });

  test.each([
    ["no label map", []],
    [
      "1×2 with 2 values, the first is 2×2",
      [
        [2, 2, 4],
        [1, 2, 2],
      ],
    ],
    ["2×2 with 3 values", [[2, 2, 3]]],
  ])("are refused: %s", (message, sizes) => {
    const maps = sizes.map(([height, width, length]) => ({
      height: height!,
      width: width!,
      data: new Uint8Array(length!),
    }));
    expect(() => stackLabelMaps(maps, range)).toThrow(
      expect.objectContaining({ code: "LABELS_MISMATCH", message: expect.stringContaining(message) }),
    );
  });

  test("are refused with the place of a value that is no class", () => {
    const map = { height: 2, width: 3, data: Uint8Array.of(0, 1, 2, 3, 4, 0) };
    expect(() => stackLabelMaps([map], range)).toThrow(/holds 4 in row 1, column 1; classes are 0 … 3/);
  });

  test("hold the class with the largest score, the first of equals, however many classes there are", () => {
    const scores = ndarray("float32", [3, 1, 4], Float32Array.of(1, 0, 2, 5, 1, 3, 1, 5, 0, 3, 4, 6));
    expect(labelMapOf(scores)).toEqual({ height: 1, width: 4, data: Uint8Array.of(0, 1, 2, 2) });
    const many = ndarray("float32", [300, 1, 1]);
    many.data[299] = 1;
    expect(labelMapOf(many).data).toEqual(Uint16Array.of(299));
  });
});
