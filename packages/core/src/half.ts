/**
 * Half floats and bfloat16 as their 16 bits, to and from float32.
 * Rounding is to nearest even, as IEEE 754 and PyTorch do; what is too large becomes infinite.
 *
 * ```ts
 * import { float16ToFloat32, float32ToFloat16 } from "@difftap/core";
 *
 * float16ToFloat32(float32ToFloat16(Float32Array.of(1 / 3)))[0]; // 0.333251953125
 * ```
 */
import type { NdArray } from "./ndarray.js";

/** All 65,536 half floats as float32: one look-up per value. Built on first use. */
let halfTable: Float32Array | undefined;

function halfValues(): Float32Array {
  halfTable ??= Float32Array.from({ length: 0x10000 }, (_, bits) => halfValue(bits));
  return halfTable;
}

function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** float16 bits → float32, exactly. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const table = halfValues();
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]!]!;
  return values;
}

/** float32 → float16 bits, rounded to nearest even; above 65,504 (and a half step) infinite. NaN stays NaN. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) bits[i] = halfBits(words[i]!);
  return bits;
}

function halfBits(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 0x47800000 is 65,536; what lies between 65,520 and it is carried into infinity by the rounding below.
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | roundedShift(magnitude - 0x38000000, 13);
  const shift = 126 - (magnitude >>> 23);
  return shift > 24 ? sign : sign | roundedShift((magnitude & 0x7fffff) | 0x800000, shift);
}

/** `value` / 2^shift, to nearest even. */
function roundedShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** bfloat16 bits → float32, exactly. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

/** float32 → bfloat16 bits, rounded to nearest even. NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const notANumber = (word & 0x7fffffff) > 0x7f800000;
    bits[i] = notANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** Any array as float32; float32 itself is handed back without copying. Integers beyond 2^24 lose their last bits. */
export function toFloat32(array: NdArray): Float32Array {
  switch (array.dtype) {
    case "float32":
      return array.data as Float32Array;
    case "float16":
      return float16ToFloat32(array.data as Uint16Array);
    case "bfloat16":
      return bfloat16ToFloat32(array.data as Uint16Array);
    case "int64":
      return Float32Array.from(array.data as BigInt64Array, Number);
    default:
      return Float32Array.from(array.data as Float64Array | Int32Array | Uint8Array);
  }
}
