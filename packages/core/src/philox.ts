/**
 * Philox 4×32-10: a block cipher turned into a random number generator, so that any block of any sequence can be had
 * alone. Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];

/** Upper 32 bits of the product of two unsigned 32-bit numbers; JavaScript has only the lower ones. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** Four random 32-bit words of one counter under one key. */
export function philox4x32(counter: Counter, key: Key): Uint32Array {
  const words = new Uint32Array(4);
  philoxInto(words, 0, counter, key);
  return words;
}

/** Writes the four words of one counter into `out` at `offset`. */
export function philoxInto(out: Uint32Array, offset: number, counter: Counter, key: Key): void {
  let [c0, c1, c2, c3] = counter as [number, number, number, number];
  let [k0, k1] = key as [number, number];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[offset] = c0;
  out[offset + 1] = c1;
  out[offset + 2] = c2;
  out[offset + 3] = c3;
}
