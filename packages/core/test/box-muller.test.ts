import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boxMuller, logOfUnit } from "../src/box-muller.js";

const word = fc.oneof(
  fc.nat({ max: 0xffffffff }),
  fc.nat({ max: 64 }),
  fc.nat({ max: 64 }).map((n) => 0xffffffff - n),
);

function pair(first: number, second: number): Float32Array {
  const out = new Float32Array(2);
  boxMuller(Uint32Array.of(first, second), out, 0, 2);
  return out;
}

describe("the logarithm of a unit fraction", () => {
  it("agrees with Math.log to the last bits", () => {
    fc.assert(
      fc.property(word, (value) => {
        const expected = Math.log((value + 1) / 2 ** 32);
        expect(Math.abs(logOfUnit(value) - expected)).toBeLessThanOrEqual(5e-16 * Math.abs(expected));
      }),
      { numRuns: 20_000 },
    );
  });

  it("is exactly 0 at 1 and finite at the smallest argument", () => {
    expect(logOfUnit(0xffffffff)).toBe(0);
    expect(logOfUnit(0)).toBeCloseTo(-32 * Math.LN2, 12);
  });
});

describe("Box–Muller", () => {
  it("is r·cos φ and r·sin φ", () => {
    fc.assert(
      fc.property(word, word, (first, second) => {
        const radius = Math.sqrt(-2 * Math.log((first + 1) / 2 ** 32));
        const angle = (2 * Math.PI * second) / 2 ** 32;
        const [cos, sin] = pair(first, second);
        expect(Math.abs(cos! - radius * Math.cos(angle))).toBeLessThanOrEqual(1e-6 * Math.abs(cos!) + 4e-15);
        expect(Math.abs(sin! - radius * Math.sin(angle))).toBeLessThanOrEqual(1e-6 * Math.abs(sin!) + 4e-15);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    [0, 1, 0],
    [0x40000000, 0, 1],
    [0x80000000, -1, 0],
    [0xc0000000, 0, -1],
  ])("is exact at the quarter turn %i", (turn, cos, sin) => {
    const radius = Math.fround(Math.sqrt(64 * Math.LN2));
    const [x, y] = pair(0, turn);
    expect([x! + 0, y! + 0]).toEqual([radius * cos, radius * sin].map((value) => value + 0));
  });

  it("writes nothing beyond an odd length", () => {
    const out = new Float32Array(5).fill(9);
    boxMuller(Uint32Array.of(1, 2, 3, 4), out, 1, 3);
    expect(out[0]).toBe(9);
    expect(out[4]).toBe(9);
    expect(out[3]).not.toBe(9);
  });
});
