import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  ndarray,
  toFloat32,
} from "../src/index.js";

const everyPattern = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);

/** The value of a 16-bit float with `fractionBits` bits of fraction, from the definition, independent of the code. */
function definition(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >>> 15 ? -1 : 1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The finite value nearest to `value`, ties to the even pattern, overflow as if the format went on; by search. */
function nearestPattern(value: number, exponentBits: number, fractionBits: number): number {
  const infinity = (2 ** exponentBits - 1) * 2 ** fractionBits;
  const of = (bits: number) =>
    bits === infinity ? 2 ** (2 ** (exponentBits - 1)) : definition(bits, exponentBits, fractionBits);
  const size = Math.abs(value);
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (of(middle) <= size) low = middle;
    else high = middle;
  }
  const below = size - of(low);
  const above = of(high) - size;
  const chosen = below < above || (below === above && low % 2 === 0) ? low : high;
  return (value < 0 || Object.is(value, -0) ? 0x8000 : 0) | chosen;
}

const formats = [
  { name: "float16", exponent: 5, fraction: 10, widen: float16ToFloat32, narrow: float32ToFloat16 },
  { name: "bfloat16", exponent: 8, fraction: 7, widen: bfloat16ToFloat32, narrow: float32ToBfloat16 },
];

describe.each(formats)("$name", ({ exponent, fraction, widen, narrow }) => {
  it("widens all 65,536 patterns as the definition says", () => {
    const values = widen(everyPattern);
    for (const bits of everyPattern) {
      if (!Object.is(values[bits], definition(bits, exponent, fraction)))
        expect.unreachable(`pattern ${bits}`);
    }
  });

  it("takes all 65,536 patterns there and back; NaN stays NaN", () => {
    const back = narrow(widen(everyPattern));
    for (const bits of everyPattern) {
      if (Number.isNaN(definition(bits, exponent, fraction))) {
        expect(definition(back[bits]!, exponent, fraction)).toBeNaN();
      } else if (back[bits] !== bits) expect.unreachable(`pattern ${bits} came back as ${back[bits]}`);
    }
  });

  it("rounds every midpoint between neighbours to the even one, and the float32 beside it to the nearer", () => {
    const values = widen(everyPattern);
    const infinity = (2 ** exponent - 1) * 2 ** fraction;
    for (let bits = 0; bits < infinity - 1; bits++) {
      const around = new Float32Array(3).fill((values[bits]! + values[bits + 1]!) / 2);
      const words = new Uint32Array(around.buffer);
      words[1]!--;
      words[2]!++;
      const [at, under, over] = narrow(around);
      const even = bits % 2 === 0 ? bits : bits + 1;
      if (at !== even || under !== bits || over !== bits + 1)
        expect.unreachable(`between ${bits} and the next`);
    }
  });

  it("rounds any float32 to the nearest, ties to even", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(narrow(Float32Array.of(value))[0]).toBe(nearestPattern(value, exponent, fraction));
      }),
      { numRuns: 20_000 },
    );
  });

  it("keeps infinities and signed zeros", () => {
    const values = Float32Array.of(Infinity, -Infinity, 0, -0);
    expect(Array.from(widen(narrow(values)))).toEqual([Infinity, -Infinity, 0, -0]);
  });
});

describe("float16 overflow", () => {
  it("begins half a step above 65,504", () => {
    const bits = float32ToFloat16(Float32Array.of(65504, 65519.99, 65520, 1e30, -65520));
    expect(Array.from(float16ToFloat32(bits))).toEqual([65504, 65504, Infinity, Infinity, -Infinity]);
  });
});

describe("toFloat32", () => {
  it("hands float32 back without copying", () => {
    const data = Float32Array.of(1, 2);
    expect(toFloat32(ndarray("float32", [2], data))).toBe(data);
  });

  it.each([
    ndarray("float64", [3], Float64Array.of(-1, 0, 3)),
    ndarray("float16", [3], Uint16Array.of(0xbc00, 0, 0x4200)),
    ndarray("bfloat16", [3], Uint16Array.of(0xbf80, 0, 0x4040)),
    ndarray("int64", [3], BigInt64Array.of(-1n, 0n, 3n)),
    ndarray("int32", [3], Int32Array.of(-1, 0, 3)),
    ndarray("int16", [3], Int16Array.of(-1, 0, 3)),
    ndarray("int8", [3], Int8Array.of(-1, 0, 3)),
  ])("converts $dtype", (array) => {
    expect(toFloat32(array)).toEqual(Float32Array.of(-1, 0, 3));
  });

  it.each([ndarray("uint8", [2], Uint8Array.of(0, 255)), ndarray("bool", [2], Uint8Array.of(0, 1))])(
    "converts $dtype",
    (array) => {
      expect(Array.from(toFloat32(array))).toEqual(Array.from(array.data as Uint8Array));
    },
  );
});
