import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fillNormals,
  isDifftapError,
  normals,
  permutation,
  philox4x32,
  type RandomAddress,
  randomIntegers,
  streams,
  uniforms,
} from "../src/index.js";

const address: RandomAddress = { seed: 20261123, stream: streams.noise, index: 7 };

/** Pearson's χ² of counts against equal expectations. */
function chiSquare(counts: Iterable<number>, expected: number): number {
  return [...counts].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function countsOf(values: Iterable<number>, cells: number): Int32Array {
  const counts = new Int32Array(cells);
  for (const value of values) counts[value]!++;
  return counts;
}

function mean(values: Iterable<number>): number {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}

/** Kolmogorov and Smirnov's largest distance between a sample and a distribution function, times √n. */
function kolmogorov(values: Iterable<number>, distribution: (x: number) => number): number {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const gaps = Array.from(sorted, (x, i) => Math.max((i + 1) / n - distribution(x), distribution(x) - i / n));
  return gaps.reduce((largest, gap) => Math.max(largest, gap), 0) * Math.sqrt(n);
}

/** Φ by Zelen and Severo's 26.2.17, error below 7.5e-8. */
function normalDistribution(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    series.reduceRight((sum, coefficient) => (sum + coefficient) * t, 0);
  return x >= 0 ? 1 - tail : tail;
}

describe("addresses", () => {
  it("are the cipher's key (seed) and counter (position, stream, index)", () => {
    const words = philox4x32([0, 1, 0x55667788, 0x11223344], [0xccddeeff, 0x8899aabb]);
    const [first] = uniforms({ seed: 0x8899aabbccddeeffn, stream: 1, index: 0x1122334455667788n }, 1);
    expect(first).toBe(((words[0]! >>> 5) * 2 ** 26 + (words[1]! >>> 6)) / 2 ** 53);
  });

  it("give the same sequence from numbers and bigints, and index 0 when none is given", () => {
    expect(uniforms({ seed: 3n, stream: 2, index: 0n }, 9)).toEqual(uniforms({ seed: 3, stream: 2 }, 9));
  });

  it("give longer sequences that begin with the shorter ones, across the sizes of internal blocks", () => {
    const long = { uniforms: uniforms(address, 5000), normals: normals(address, 5001) };
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), (count) => {
        expect(uniforms(address, count)).toEqual(long.uniforms.subarray(0, count));
        expect(normals(address, count)).toEqual(long.normals.subarray(0, count));
      }),
      { numRuns: 60 },
    );
  });

  it("that differ in one word give unrelated sequences", () => {
    const base = { seed: 5n, stream: 1, index: 5n };
    const others = [
      { ...base, seed: 6n },
      { ...base, seed: 5n + (1n << 32n) },
      { ...base, stream: 2 },
      { ...base, index: 6n },
      { ...base, index: 5n + (1n << 32n) },
    ];
    const reference = normals(base, 10_000);
    for (const other of others) {
      const product = normals(other, 10_000).map((value, i) => value * reference[i]!);
      // The mean of 10,000 products of independent normals has deviation 0.01.
      expect(Math.abs(mean(product))).toBeLessThan(0.045);
    }
  });

  it.each([
    ["a negative seed", { seed: -1, stream: 1 }],
    ["a fractional seed", { seed: 1.5, stream: 1 }],
    ["a seed of 65 bits", { seed: 1n << 64n, stream: 1 }],
    ["an unsafe whole number", { seed: 2 ** 60, stream: 1 }],
    ["a stream of 33 bits", { seed: 1, stream: 2 ** 32 }],
    ["a fractional stream", { seed: 1, stream: 0.5 }],
    ["a negative index", { seed: 1, stream: 1, index: -3n }],
    ["NaN as an index", { seed: 1, stream: 1, index: Number.NaN }],
  ])("refuse %s", (_name, wrong) => {
    expect(() => uniforms(wrong, 1)).toThrow(/is not a whole number from 0 to 2\^(32|64) − 1/);
  });

  it.each([-1, 1.5, Number.NaN])("refuse a count of %d", (count) => {
    for (const draw of [uniforms, normals, permutation]) {
      expect(() => draw(address, count)).toThrow("random count");
    }
  });

  it("refuse with USAGE_INVALID", () => {
    try {
      permutation({ seed: -1, stream: 1 }, 2);
      expect.unreachable();
    } catch (error) {
      expect(isDifftapError(error, "USAGE_INVALID")).toBe(true);
    }
  });
});

describe("streams", () => {
  it("are distinct and leave bits 8 to 31 free", () => {
    const values = Object.values(streams);
    expect(new Set(values).size).toBe(values.length);
    expect(Math.max(...values)).toBeLessThan(256);
  });
});

describe("uniforms", () => {
  const sample = uniforms(address, 100_000);

  it("lie in [0, 1) with 53 bits", () => {
    expect(sample.every((value) => value >= 0 && value < 1 && Number.isInteger(value * 2 ** 53))).toBe(true);
    expect(sample.some((value) => (value * 2 ** 53) % 2 === 1)).toBe(true);
  });

  it("are uniform (Kolmogorov–Smirnov, p > 1e-4)", () => {
    expect(kolmogorov(sample, (x) => x)).toBeLessThan(2.23);
  });

  it("are not correlated with the next", () => {
    const products = sample.slice(1).map((value, i) => (value - 0.5) * (sample[i]! - 0.5) * 12);
    expect(Math.abs(mean(products))).toBeLessThan(4 / Math.sqrt(products.length));
  });
});

describe("normals", () => {
  const sample = normals(address, 200_000);

  it("are normal (Kolmogorov–Smirnov, p > 1e-4)", () => {
    expect(kolmogorov(sample, normalDistribution)).toBeLessThan(2.23);
  });

  it("have the first four moments", () => {
    const n = Math.sqrt(sample.length);
    const moment = (power: number) => mean(Float64Array.from(sample, (value) => value ** power));
    expect(Math.abs(moment(1))).toBeLessThan(4 / n);
    expect(Math.abs(moment(2) - 1)).toBeLessThan((4 * Math.sqrt(2)) / n);
    expect(Math.abs(moment(3))).toBeLessThan((4 * Math.sqrt(15)) / n);
    expect(Math.abs(moment(4) - 3)).toBeLessThan((4 * Math.sqrt(96)) / n);
  });

  it("have the tails that they should", () => {
    const beyond3 = sample.filter((value) => Math.abs(value) > 3).length;
    const expected = 0.0026998 * sample.length;
    expect(Math.abs(beyond3 - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });

  it("are not correlated within a pair", () => {
    const products = Float64Array.from({ length: 100_000 }, (_, i) => sample[2 * i]! * sample[2 * i + 1]!);
    expect(Math.abs(mean(products))).toBeLessThan(4 / Math.sqrt(products.length));
  });

  it("fill a part of an array and leave the rest", () => {
    const out = new Float32Array(12).fill(9);
    fillNormals(address, out, 3, 7);
    expect(out.subarray(3, 10)).toEqual(normals(address, 7));
    expect(Array.from(out).filter((value) => value === 9)).toHaveLength(5);
  });

  it.each([
    [-1, 2],
    [0, 5],
    [3, 2],
    [1, -1],
  ])("refuse the range from %i of length %i in an array of 4", (offset, length) => {
    expect(() => fillNormals(address, new Float32Array(4), offset, length)).toThrow(
      `${length} numbers from position ${offset} do not fit into an array of 4`,
    );
  });

  it("never change: the first numbers of an address", () => {
    expect(Array.from(normals({ seed: 1, stream: streams.noise, index: 42 }, 4))).toEqual(FIRST_NORMALS);
  });
});

/** Computed with NumPy in float64 from the cipher's definition, rounded to float32. */
const FIRST_NORMALS = [0.3979155123233795, -0.6794894933700562, -0.8520286083221436, -1.4111335277557373];

describe("whole numbers below a bound", () => {
  it.each([2, 3, 10, 1000])("are equally likely below %i (χ², p > 1e-4)", (bound) => {
    const counts = countsOf(randomIntegers(address, bound, 1000 * bound), bound);
    const degrees = bound - 1;
    // Wilson and Hilferty's normal approximation of χ², at 3.72 deviations.
    const limit = degrees * (1 - 2 / (9 * degrees) + 3.72 * Math.sqrt(2 / (9 * degrees))) ** 3;
    expect(chiSquare(counts, 1000)).toBeLessThan(limit);
  });

  it("carry no remainder's bias: below 3·2^30, thirds are equally likely", () => {
    const counts = countsOf(
      randomIntegers(address, 3 * 2 ** 30, 30_000).map((value) => Math.floor(value / 2 ** 30)),
      3,
    );
    expect(chiSquare(counts, 10_000)).toBeLessThan(18.4);
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1])("refuse the bound %d", (bound) => {
    expect(() => randomIntegers(address, bound, 1)).toThrow(
      /random bound .* is not a whole number from 1 to 2\^32/,
    );
  });
});

describe("permutations", () => {
  it("hold every index once", () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.nat(), (n, index) => {
        const order = permutation({ ...address, index }, n);
        expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  it("of four are equally likely (χ² over all 24, p > 1e-4)", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 24_000; index++) {
      const key = permutation({ seed: 1, stream: streams.order, index }, 4).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare(counts.values(), 1000)).toBeLessThan(56.5);
  });

  it("put every index at every place equally often (χ² over 10 × 10, p > 1e-4)", () => {
    const counts = new Int32Array(100);
    for (let index = 0; index < 10_000; index++) {
      permutation({ seed: 2, stream: streams.order, index }, 10).forEach((value, place) => {
        counts[place * 10 + value]!++;
      });
    }
    expect(chiSquare(counts, 1000)).toBeLessThan(135);
  });
});

describe("speed", () => {
  it("costs at most 6 times what an unaddressed, unseeded generator costs", () => {
    // A ratio, as machines differ: the plain alternative draws Math.random and uses Math.log, sqrt, cos, sin.
    const out = new Float32Array(3072);
    const plain = () => {
      for (let i = 0; i < out.length; i += 2) {
        const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
        const angle = 2 * Math.PI * Math.random();
        out[i] = radius * Math.cos(angle);
        out[i + 1] = radius * Math.sin(angle);
      }
    };
    const ours = (index: number) => fillNormals({ ...address, index }, out);
    expect(quickest(ours)).toBeLessThan(6 * quickest(plain));
  });
});

/** The shortest of many runs, in milliseconds. */
function quickest(work: (index: number) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let index = 0; index < 1500; index++) {
    const start = performance.now();
    work(index);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
