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
import { boxMuller } from "./box-muller.js";
import { DifftapError } from "./errors.js";
import { type Key, PHILOX_WORDS, philoxFill } from "./philox.js";

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

/** Words made at once: few at first, as most sequences are short, then ever more up to the larger one. */
const FIRST_WORDS = 16;
const BLOCK_WORDS = 1024;
const UNIT_53 = 2 ** -53;

/** The 32-bit words of a sequence, from its beginning. A sequence has 2^34 of them. */
class Words {
  readonly #source: Source;
  #block = new Uint32Array(0);
  #made = 0;
  #used = 0;

  constructor(address: RandomAddress) {
    this.#source = source(address);
  }

  next(): number {
    if (this.#used === this.#block.length) this.#refill();
    return this.#block[this.#used++]!;
  }

  #refill(): void {
    const length = Math.min(BLOCK_WORDS, Math.max(FIRST_WORDS, 2 * this.#block.length));
    if (length !== this.#block.length) this.#block = new Uint32Array(length);
    fillWords(this.#source, this.#made, this.#block);
    this.#made += length;
    this.#used = 0;
  }
}

/** An address, checked and cut into the cipher's words: key = seed, counter = [position, stream, index low, index high]. */
interface Source {
  readonly key: Key;
  readonly stream: number;
  readonly index: readonly [number, number];
}

function source({ seed, stream, index = 0 }: RandomAddress): Source {
  if (!Number.isInteger(stream) || stream < 0 || stream > 0xffffffff) refuse("stream", stream, 32);
  return { key: halves("seed", seed), stream, index: halves("index", index) };
}

/** The words of a sequence from word `first`, a multiple of 4. */
function fillWords({ key, stream, index }: Source, first: number, out: Uint32Array): void {
  philoxFill(out, [first / PHILOX_WORDS, stream, index[0], index[1]], key);
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

/** How many numbers are asked for. */
function requireCount(count: number): void {
  if (!Number.isInteger(count) || count < 0 || count > 0xffffffff) refuse("count", count, 32);
}

/** `count` numbers in [0, 1) with 53 random bits each. @throws DifftapError USAGE_INVALID for a wrong address or count. */
export function uniforms(address: RandomAddress, count: number): Float64Array {
  requireCount(count);
  const words = new Words(address);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const high = words.next() >>> 5;
    out[i] = (high * 0x4000000 + (words.next() >>> 6)) * UNIT_53;
  }
  return out;
}

/** `count` standard normal numbers (Box–Muller in float64, stored as float32). @throws as `uniforms` does */
export function normals(address: RandomAddress, count: number): Float32Array {
  requireCount(count);
  const out = new Float32Array(count);
  fillNormals(address, out);
  return out;
}

/**
 * Fills `out[offset … offset + length)` with standard normal numbers from the beginning of the sequence.
 * @throws DifftapError USAGE_INVALID when that range is not inside `out`.
 */
export function fillNormals(
  address: RandomAddress,
  out: Float32Array,
  offset = 0,
  length = out.length - offset,
): void {
  if (offset < 0 || length < 0 || offset + length > out.length) refuseRange(offset, length, out.length);
  const from = source(address);
  const words = new Uint32Array(Math.min(BLOCK_WORDS, wholeBlocks(length)));
  for (let made = 0; made < length; made += words.length) {
    fillWords(from, made, words);
    boxMuller(words, out, offset + made, Math.min(words.length, length - made));
  }
}

/** `count` words rounded up to whole blocks of the cipher. */
function wholeBlocks(count: number): number {
  return Math.ceil(count / PHILOX_WORDS) * PHILOX_WORDS;
}

function refuseRange(offset: number, length: number, available: number): never {
  throw new DifftapError(
    "USAGE_INVALID",
    `${length} numbers from position ${offset} do not fit into an array of ${available}`,
    { details: { offset, length, available } },
  );
}

/** `count` whole numbers in [0, bound), each equally likely. @throws DifftapError USAGE_INVALID unless 1 ≤ bound ≤ 2^32. */
export function randomIntegers(address: RandomAddress, bound: number, count: number): Uint32Array {
  requireCount(count);
  const words = new Words(address);
  return Uint32Array.from({ length: count }, () => below(words, bound));
}

/** A number in [0, bound) without the bias of a remainder: words past the last whole multiple are drawn again. */
function below(words: Words, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) refuseBound(bound);
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const word = words.next();
    if (word < limit) return word % bound;
  }
}

function refuseBound(bound: number): never {
  throw new DifftapError("USAGE_INVALID", `random bound ${bound} is not a whole number from 1 to 2^32`, {
    details: { bound },
  });
}

/** A permutation of 0 … n − 1, each equally likely (Fisher–Yates). @throws as `uniforms` does */
export function permutation(address: RandomAddress, n: number): Uint32Array {
  requireCount(n);
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
