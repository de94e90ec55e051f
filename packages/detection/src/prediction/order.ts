/** Indices by falling score, by one sort of plain numbers. */
import { DifftapError } from "@difftap/core";

/** A double holds 53 bits: 32 of the score, and these of the index. */
const INDEX_BITS = 21;
const MOST = 2 ** INDEX_BITS;
const SIGN = 0x80000000;

/**
 * The best first, the earlier of equals first. A score's bits, which are ordered as floats of one sign are, and the index behind them
 * make one whole number per score, and a Float64Array sorts itself without calling back.
 * @throws DifftapError USAGE_INVALID for more than 2²¹ scores.
 */
export function orderByScore(scores: Float32Array): Uint32Array {
  if (scores.length > MOST) {
    throw new DifftapError("USAGE_INVALID", `${scores.length} scores to order, at most ${MOST} can be`);
  }
  const bits = new Uint32Array(scores.slice().buffer);
  const keys = new Float64Array(scores.length);
  for (let index = 0; index < keys.length; index++) {
    const value = bits[index]!;
    // Ascending for falling scores: positive ones turn around, negative ones already have it.
    const rank = value < SIGN ? SIGN - 1 - value : value;
    keys[index] = rank * MOST + index;
  }
  keys.sort();
  return Uint32Array.from(keys, (key) => key % MOST);
}
