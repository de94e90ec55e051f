/** Bytes to NdArray, the same for every format. */
import { arrayTypes, type DType, type NdArray } from "@difftap/core";
import { quoted, refusal } from "./refuse.js";

/**
 * Views freshly read little-endian bytes as an array of `dtype`.
 * @throws DifftapError CHECKPOINT_REFUSED for a bool that is neither 0 nor 1.
 */
export function arrayFromBytes(
  path: string,
  name: string,
  dtype: DType,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): NdArray {
  if (dtype === "bool") requireBooleans(path, name, bytes);
  return { dtype, shape: [...shape], data: new arrayTypes[dtype](bytes.buffer) };
}

function requireBooleans(path: string, name: string, bytes: Uint8Array): void {
  const at = bytes.findIndex((byte) => byte > 1);
  if (at >= 0) throw refusal(path, `tensor ${quoted(name)} is bool but element ${at} is ${bytes[at]}`);
}
