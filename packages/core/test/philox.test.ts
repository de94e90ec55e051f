import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { philox4x32 } from "../src/index.js";
import { philoxFill } from "../src/philox.js";

const hex = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");

/** The cipher as the paper writes it, in whole numbers without bounds. */
function inBigIntegers(counter: readonly number[], key: readonly number[]): number[] {
  let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  const mask = 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const first = 0xd2511f53n * a;
    const second = 0xcd9e8d57n * c;
    [a, b, c, d] = [(second >> 32n) ^ b ^ k0, second & mask, (first >> 32n) ^ d ^ k1, first & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [a, b, c, d].map(Number);
}

const word = fc.oneof(
  fc.nat({ max: 0xffffffff }),
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0x80000000, 0xffffffff),
);

describe("Philox 4×32-10", () => {
  const ones = 0xffffffff;
  // The known answers that the Random123 library publishes (kat_vectors, philox4x32 10).
  it.each([
    { counter: [0, 0, 0, 0], key: [0, 0], answer: "6627e8d5 e169c58d bc57ac4c 9b00dbd8" },
    { counter: [ones, ones, ones, ones], key: [ones, ones], answer: "408f276d 41c83b0e a20bc7c6 6d5451fd" },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      answer: "d16cfe09 94fdcceb 5001e420 24126ea1",
    },
  ] as const)("known answer for counter $counter", ({ counter, key, answer }) => {
    expect(hex(philox4x32(counter, key))).toBe(answer);
  });

  it("equals the definition in whole numbers without bounds", () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(Array.from(philox4x32(counter, key))).toEqual(inBigIntegers(counter, key));
      }),
      { numRuns: 2_000 },
    );
  });

  it("fills with consecutive blocks, wrapping the first counter word", () => {
    const out = new Uint32Array(12);
    philoxFill(out, [ones, 5, 6, 7], [8, 9]);
    const blocks = [ones, 0, 1].map((position) => Array.from(philox4x32([position, 5, 6, 7], [8, 9])));
    expect(Array.from(out)).toEqual(blocks.flat());
  });
});
