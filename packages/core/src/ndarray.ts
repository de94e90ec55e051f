/**
 * The one array type that packages exchange: a dtype, a shape and its row-major data.
 * Maps are NCHW. Heavy arithmetic belongs to ONNX Runtime or TensorFlow.js, not here.
 *
 * ```ts
 * import { ndarray } from "@difftap/core";
 *
 * const x = ndarray("float32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
 * ```
 */
import { DifftapError } from "./errors.js";

/** Typed array that holds each dtype. float16 and bfloat16 are kept as their 16 bits; bool is one byte, 0 or 1. */
export interface DTypeArrays {
  float64: Float64Array;
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type DType = keyof DTypeArrays;

type Constructor<T> = {
  new (length: number): T;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T;
  readonly BYTES_PER_ELEMENT: number;
};

/** Typed array constructor of each dtype. */
export const arrayTypes: { readonly [D in DType]: Constructor<DTypeArrays[D]> } = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

export interface NdArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DTypeArrays[D];
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/**
 * Joins dtype, shape and data (zeros when no data is given).
 * @throws DifftapError USAGE_INVALID for a side that is no whole number, or data whose length is not the shape's product.
 */
export function ndarray<D extends DType>(
  dtype: D,
  shape: readonly number[],
  data?: DTypeArrays[D],
): NdArray<D> {
  if (!shape.every((side) => Number.isInteger(side) && side >= 0)) {
    throw new DifftapError(
      "USAGE_INVALID",
      `[${shape.join(", ")}] is not a shape: sides are whole numbers from 0`,
    );
  }
  const count = elementCount(shape);
  const held = data ?? new arrayTypes[dtype](count);
  if (held.length !== count) {
    throw new DifftapError(
      "USAGE_INVALID",
      `shape [${shape.join(", ")}] needs ${count} elements, the data has ${held.length}`,
    );
  }
  return { dtype, shape: [...shape], data: held };
}

/** The array's bytes, without copying (little-endian on every platform Node runs on). */
export function bytesOf(array: NdArray): Uint8Array {
  const { buffer, byteOffset, byteLength } = array.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}
