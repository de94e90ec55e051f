/** Data as the host writes it. */
import { arrayTypes, type DType } from "@difftap/core";
import type { HostData } from "./value.js";

/** The values in the array type of their element type; the same array where it has that already. */
export function typed(values: HostData | readonly number[], type: DType): HostData {
  const Type = arrayTypes[type] as unknown as typeof Float32Array;
  return values instanceof Type ? values : Type.from(values);
}

/**
 * The number that an array holds everywhere, such as the ones that gradients begin with: then the array equals itself moved by one
 * element, which the machine compares at the speed of its memory.
 */
export function uniformNumber(data: HostData): number | undefined {
  if (data.length < 2) return undefined;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const size = data.BYTES_PER_ELEMENT;
  return bytes.subarray(size).equals(bytes.subarray(0, -size)) ? data[0] : undefined;
}
