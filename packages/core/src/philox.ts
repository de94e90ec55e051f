/**
 * Philox 4×32-10: a block cipher turned into a random number generator, so that any block of any sequence can be had
 * alone. Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 *
 * ```ts
 * import { philox4x32 } from "@difftap/core";
 *
 * philox4x32([0, 0, 0, 0], [0, 0]); // 6627e8d5 e169c58d bc57ac4c 9b00dbd8
 * ```
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** Words of one block of the cipher. */
export const PHILOX_WORDS = 4;

export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];

/**
 * Upper 32 bits of the product of two 32-bit numbers, as int32; JavaScript has only the lower ones.
 * Every step stays within int32, which is what keeps the loop in integer registers.
 */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const cross0 = Math.imul(aHigh, bLow);
  const cross1 = Math.imul(aLow, bHigh);
  const middle = (Math.imul(aLow, bLow) >>> 16) + (cross0 & 0xffff) + (cross1 & 0xffff);
  const upper = (Math.imul(aHigh, bHigh) + (cross0 >>> 16)) | 0;
  return (((upper + (cross1 >>> 16)) | 0) + (middle >>> 16)) | 0;
}

/** Four random 32-bit words of one counter under one key. */
export function philox4x32(counter: Counter, key: Key): Uint32Array {
  const words = new Uint32Array(PHILOX_WORDS);
  philoxFill(words, counter, key);
  return words;
}

/**
 * Fills `out`, whose length is a multiple of 4, with the blocks of `counter`, of `counter` with its first word one higher,
 * and so on. The first word wraps at 2^32 without a carry.
 */
export function philoxFill(out: Uint32Array, counter: Counter, key: Key): void {
  const [position, counter1, counter2, counter3] = counter;
  for (let offset = 0; offset < out.length; offset += PHILOX_WORDS) {
    let c0 = (position + offset / PHILOX_WORDS) | 0;
    let c1 = counter1 | 0;
    let c2 = counter2 | 0;
    let c3 = counter3 | 0;
    let k0 = key[0] | 0;
    let k1 = key[1] | 0;
    for (let round = 0; round < ROUNDS; round++) {
      const high0 = multiplyHigh(MULTIPLIER_0, c0);
      const high1 = multiplyHigh(MULTIPLIER_1, c2);
      const low0 = Math.imul(MULTIPLIER_0, c0);
      const low1 = Math.imul(MULTIPLIER_1, c2);
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = (k0 + WEYL_0) | 0;
      k1 = (k1 + WEYL_1) | 0;
    }
    out[offset] = c0;
    out[offset + 1] = c1;
    out[offset + 2] = c2;
    out[offset + 3] = c3;
  }
}
