/**
 * Random numbers by address: (seed, stream, index) names a sequence, and any sequence can be had alone, in any order,
 * on any machine. There is no state and no global generator.
 *
 * ```ts
 * import { normals, permutation, streams } from "@difftap/core";
 *
 * const noise = normals({ seed: 1, stream: streams.noise, index: 42 }, 3 * 32 * 32);
 * const order = permutation({ seed: 1, stream: streams.order, index: 0 }, 50_000);
 * ```
 */
import { DifftapError } from "./errors.js";
import { type Counter, type Key, philoxInto } from "./philox.js";

/** What random numbers are for. A stream is a 32-bit number; bits 8 to 31 are free for finer addresses. */
export const streams = {
  noise: 1,
  order: 2,
  split: 3,
  weights: 4,
  augmentation: 5,
  scene: 6,
  subset: 7,
  dropout: 8,
  labels: 9,
} as const;

export interface RandomAddress {
  /** Up to 64 bits. */
  readonly seed: number | bigint;
  /** 32 bits; one of `streams`, alone or joined with a finer address above its lowest 8 bits. */
  readonly stream: number;
  /** Up to 64 bits; 0 when absent. */
  readonly index?: number | bigint;
}

/** Words made at once; a multiple of 4. */
const BLOCK_WORDS = 1024;
const UNIT_53 = 2 ** -53;
const UNIT_32 = 2 ** -32;

/** The 32-bit words of a sequence, from its beginning. */
class Words {
  readonly #key: Key;
  readonly #counter: [number, number, number, number];
  readonly #block = new Uint32Array(BLOCK_WORDS);
  #used = BLOCK_WORDS;

  constructor({ seed, stream, index = 0 }: RandomAddress) {
    const [seedLow, seedHigh] = halves("seed", seed);
    const [indexLow, indexHigh] = halves("index", index);
    if (!Number.isInteger(stream) || stream < 0 || stream > 0xffffffff) refuse("stream", stream, 32);
    this.#key = [seedLow, seedHigh];
    this.#counter = [0, stream, indexLow, indexHigh];
  }

  next(): number {
    if (this.#used === BLOCK_WORDS) this.#refill();
    return this.#block[this.#used++]!;
  }

  #refill(): void {
    for (let offset = 0; offset < BLOCK_WORDS; offset += 4) {
      philoxInto(this.#block, offset, this.#counter as Counter, this.#key);
      this.#counter[0]++;
    }
    this.#used = 0;
  }
}

function halves(name: string, value: number | bigint): [number, number] {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (!whole || value < 0 || BigInt(value) > 0xffffffffffffffffn) refuse(name, value, 64);
  const wide = BigInt(value);
  return [Number(wide & 0xffffffffn), Number(wide >> 32n)];
}

function refuse(name: string, value: number | bigint, bits: number): never {
  throw new DifftapError(
    "USAGE_INVALID",
    `random ${name} ${value} is not a whole number from 0 to 2^${bits} − 1`,
    {
      details: { [name]: String(value) },
    },
  );
}

/** `count` numbers in [0, 1) with 53 random bits each. */
export function uniforms(address: RandomAddress, count: number): Float64Array {
  const words = new Words(address);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const high = words.next() >>> 5;
    out[i] = (high * 0x4000000 + (words.next() >>> 6)) * UNIT_53;
  }
  return out;
}

/** `count` standard normal numbers (Box–Muller in float64, stored as float32). */
export function normals(address: RandomAddress, count: number): Float32Array {
  const out = new Float32Array(count);
  fillNormals(address, out);
  return out;
}

/** Fills `out[offset … offset + length)` with standard normal numbers from the beginning of the sequence. */
export function fillNormals(
  address: RandomAddress,
  out: Float32Array,
  offset = 0,
  length = out.length - offset,
): void {
  const words = new Words(address);
  const end = offset + length;
  for (let i = offset; i < end; i += 2) {
    // The first uniform lies in (0, 1], so that its logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log((words.next() + 1) * UNIT_32));
    const angle = 2 * Math.PI * UNIT_32 * words.next();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < end) out[i + 1] = radius * Math.sin(angle);
  }
}

/** `count` whole numbers in [0, bound), each equally likely. @throws DifftapError USAGE_INVALID unless 1 ≤ bound ≤ 2^32. */
export function randomIntegers(address: RandomAddress, bound: number, count: number): Uint32Array {
  const words = new Words(address);
  return Uint32Array.from({ length: count }, () => below(words, bound));
}

/** A number in [0, bound) without the bias of a remainder: words past the last whole multiple are drawn again. */
function below(words: Words, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) refuse("bound", bound, 32);
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const word = words.next();
    if (word < limit) return word % bound;
  }
}

/** A permutation of 0 … n − 1, each equally likely (Fisher–Yates). */
export function permutation(address: RandomAddress, n: number): Uint32Array {
  const words = new Words(address);
  const order = Uint32Array.from({ length: n }, (_, index) => index);
  for (let last = n - 1; last > 0; last--) {
    const chosen = below(words, last + 1);
    const kept = order[last]!;
    order[last] = order[chosen]!;
    order[chosen] = kept;
  }
  return order;
}
