/** Position embeddings, and how they are resized, against plain loops in float64. */
import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createHead } from "../../src/index.js";
import { resizeBicubic } from "../../src/interpolation.js";
import { createTokenizer } from "../../src/layers/tokenizer.js";
import { difference, featuresFor, mapsFor, tapOf, waves } from "../examples.js";

beforeAll(() => start("cpu"));

const evaluation = { training: false };
const tap = tapOf({ height: 4, width: 3 });

/** Keys' cubic convolution with a = −0.75 (IEEE ASSP 29(6), 1981, equation 15's family), as PyTorch's `upsample_bicubic2d` has it. */
function kernel(x: number): number {
  const [a, d] = [-0.75, Math.abs(x)];
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
}

/** One plane; what lies outside is its nearest cell. */
function resized64(plane: ArrayLike<number>, [h, w]: number[], [rows, columns]: number[]): number[] {
  const inside = (at: number, n: number) => Math.min(Math.max(at, 0), n - 1);
  return Array.from({ length: rows! * columns! }, (_, cell) => {
    const y = ((Math.floor(cell / columns!) + 0.5) * h!) / rows! - 0.5;
    const x = (((cell % columns!) + 0.5) * w!) / columns! - 0.5;
    let sum = 0;
    for (let i = Math.floor(y) - 3; i <= Math.floor(y) + 4; i++) {
      for (let j = Math.floor(x) - 3; j <= Math.floor(x) + 4; j++) {
        sum += kernel(y - i) * kernel(x - j) * plane[inside(i, h!) * w! + inside(j, w!)]!;
      }
    }
    return sum;
  });
}

describe("bicubic resizing", () => {
  test.each([
    [
      [4, 3],
      [7, 5],
    ],
    [
      [4, 3],
      [2, 2],
    ],
    [
      [5, 6],
      [5, 9],
    ],
    [
      [1, 8],
      [3, 4],
    ],
    [
      [14, 14],
      [9, 24],
    ],
  ])("%j to %j is the float64 reference's", (from, to) => {
    const length = from[0]! * from[1]!;
    const values = waves(2 * length);
    const maps = tf.tensor4d(values, [1, 2, from[0]!, from[1]!]);
    const found = resizeBicubic(maps, { height: to[0]!, width: to[1]! });
    expect(found.shape).toEqual([1, 2, ...to]);
    const expected = [0, 1].flatMap((plane) => resized64(values.subarray(plane * length), from, to));
    expect(difference(found.dataSync(), expected)).toBeLessThan(2e-6);
  });

  test("keeps what is even, and a map of its own size as it is", () => {
    const found = resizeBicubic(tf.ones([1, 1, 3, 4]), { height: 8, width: 5 }).dataSync();
    expect(Math.max(...found.map((each) => Math.abs(each - 1)))).toBeLessThan(1e-6);
    const maps = tf.tensor4d(waves(12), [1, 1, 3, 4]);
    expect(resizeBicubic(maps, { height: 3, width: 4 })).toBe(maps);
  });
});

describe("a tokenizer with learned positions", () => {
  const size = { tap, pool: 9, norm: "batch", timesteps: 1, width: 5, seed: 3 } as const;
  const built = () => createTokenizer("pre", { ...size, positions: "learned" });
  const how = { ...evaluation, timestep: 0 };

  test("adds one for each cell, of timm's deviation, and changes nothing else", () => {
    const [placed, plain] = [built(), createTokenizer("pre", size)];
    const variable = placed.variables.get("pre.positions")!;
    expect(variable.shape).toEqual([1, 5, 4, 3]);
    const values = Float32Array.from(variable.dataSync());
    const deviation = Math.sqrt(values.reduce((sum, each) => sum + each * each, 0) / values.length);
    expect(deviation).toBeGreaterThan(0.01);
    expect(deviation).toBeLessThan(0.03);
    const added = tf.sub(placed.forward(mapsFor(tap), how), plain.forward(mapsFor(tap), how)).dataSync();
    // Token after token, row by row; the variable has its channels first.
    const expected = Array.from(
      { length: 2 * 12 * 5 },
      (_, i) => values[(i % 5) * 12 + (Math.floor(i / 5) % 12)]!,
    );
    expect(difference(added, expected)).toBeLessThan(1e-4);
  });

  test.each([
    [9, 7],
    [2, 3],
  ])("for maps of %i×%i resizes them bicubically, as the reference does", (height, width) => {
    const [placed, plain] = [built(), createTokenizer("pre", size)];
    const variable = placed.variables.get("pre.positions")!;
    variable.assign(tf.tensor4d(waves(60, 2), [1, 5, 4, 3]));
    const maps = mapsFor({ ...tap, height, width });
    const added = tf.sub(placed.forward(maps, how), plain.forward(maps, how)).dataSync();
    const planes = Array.from({ length: 5 }, (_, channel) =>
      resized64(waves(60, 2).subarray(channel * 12), [4, 3], [height, width]),
    );
    const cells = height * width;
    const expected = Array.from(
      { length: 2 * cells * 5 },
      (_, i) => planes[i % 5]![Math.floor(i / 5) % cells]!,
    );
    expect(difference(added, expected)).toBeLessThan(1e-5);
  });
});

describe("heads with positions", () => {
  const small = { width: 8, heads: 2, layers: 1, norm: "batch" };
  const create = (spec: object) =>
    createHead({ head: "attention", spec: { ...small, ...spec }, taps: [tap], classes: 3, seed: 1 });

  test("see where things are: a turned map gives other logits only with them", () => {
    const turned = (spec: object) => {
      const head = create(spec);
      const maps = mapsFor(tap);
      const [upright, reversed] = [maps, tf.reverse(maps, [2, 3])].map((given) =>
        head.forward({ [tap.name]: given as tf.Tensor }, evaluation).dataSync(),
      );
      return difference(reversed!, upright!);
    };
    expect(turned({})).toBeLessThan(1e-5);
    expect(turned({ positions: "learned" })).toBeGreaterThan(1e-4);
  });

  test("take maps of other sizes, and train what they resize", () => {
    const head = create({ positions: "learned", pool: 12 });
    const larger = featuresFor([{ ...tap, height: 7, width: 9 }]);
    expect(head.forward(larger, evaluation).shape).toEqual([2, 3]);
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.square(head.forward(larger, { training: true }))),
      [...head.variables.values()],
    );
    const gradient = grads[head.variables.get("pre_layer.9.positions")!.name]!;
    expect(gradient.shape).toEqual([1, 8, 4, 3]);
    expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBeGreaterThan(0);
  });

  test("none is what heads are without a word about it", () => {
    expect([...create({ positions: "none" }).variables.keys()]).toEqual([...create({}).variables.keys()]);
    expect(create({}).description.spec).not.toHaveProperty("positions");
  });
});
