import { describe, expect, it } from "vitest";
import { arrayTypes, bytesOf, bytesPerElement, type DType, elementCount, ndarray } from "../src/index.js";

describe("ndarray", () => {
  it.each(Object.keys(arrayTypes) as DType[])("makes zeros of %s", (dtype) => {
    const array = ndarray(dtype, [2, 3]);
    expect(array).toMatchObject({ dtype, shape: [2, 3] });
    expect(array.data).toBeInstanceOf(arrayTypes[dtype]);
    expect(bytesOf(array)).toEqual(new Uint8Array(6 * bytesPerElement(dtype)));
  });

  it("holds the data it is given, not a copy, and keeps its own shape", () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const shape = [2, 2];
    const array = ndarray("float32", shape, data);
    shape[0] = 99;
    expect(array.data).toBe(data);
    expect(array.shape).toEqual([2, 2]);
  });

  it("refuses data of another length, saying both", () => {
    expect(() => ndarray("int32", [2, 3], new Int32Array(5))).toThrow(
      "shape [2, 3] needs 6 elements, the data has 5",
    );
  });

  it.each([[[2, -3]], [[1.5]], [[Number.NaN]]])("refuses the shape %j", (shape) => {
    expect(() => ndarray("uint8", shape)).toThrow(/is not a shape/);
  });

  it("counts a scalar as one element and an empty side as none", () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([4, 0, 2])).toBe(0);
    expect(ndarray("float32", []).data).toHaveLength(1);
  });

  it("gives the bytes of a view, not of the buffer under it", () => {
    const view = Uint16Array.of(1, 2, 3, 4).subarray(1, 3);
    expect(Array.from(bytesOf(ndarray("float16", [2], view)))).toEqual([2, 0, 3, 0]);
  });
});
