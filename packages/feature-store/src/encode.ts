/** Features on their way to disk: checked for values that a store must not hold, then narrowed. */
import { DifftapError, float32ToFloat16 } from "@difftap/core";
import type { StoredDtype } from "./description.js";

/** Where a value came from, for the message. */
export interface ValueOrigin {
  readonly array: string;
  /** Elements of one sample's row. */
  readonly row: number;
  readonly ids: readonly string[];
}

/**
 * Features as they go to disk.
 * @throws DifftapError NUMERIC when a value is NaN or infinite, or too large for float16 (|x| ≥ 65520).
 */
export function encodeFeatures(
  values: Float32Array,
  dtype: StoredDtype,
  origin: ValueOrigin,
): Float32Array | Uint16Array {
  refuseNonFinite(values, origin);
  if (dtype === "float32") return values;
  const bits = float32ToFloat16(values);
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i]! & 0x7fff) === 0x7c00)
      throw outOfRange(
        values[i]!,
        i,
        origin,
        "does not fit float16",
        "keep features as large as that in float32",
      );
  }
  return bits;
}

function refuseNonFinite(values: Float32Array, origin: ValueOrigin): void {
  // x − x is 0 for finite x and NaN otherwise: one sum tells whether a search is needed.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! - values[i]!;
  if (sum === 0) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  throw outOfRange(
    values[index]!,
    index,
    origin,
    "is no finite number",
    "check the weights and the precision of the backbone",
  );
}

function outOfRange(
  value: number,
  index: number,
  { array, row, ids }: ValueOrigin,
  fault: string,
  hint: string,
): DifftapError {
  const id = ids[Math.floor(index / row)];
  return new DifftapError(
    "NUMERIC",
    `feature ${index % row} of sample "${id}" in ${array} ${fault}: ${value}`,
    {
      hint,
      details: { array, id, feature: index % row, value },
    },
  );
}
