/**
 * Gradients of every differentiable kernel against float64: the derivative along random directions, by central differences of a plain
 * reference, at small, large and mixed magnitudes. Prod is missing: its gradient in tfjs-core calls methods that the Node entry has not.
 */
import { normals } from "@difftap/core";
import { beforeAll, describe, expect, test } from "vitest";
import { at, build, type Float64Map, fold, map, sizeOf, zip } from "./reference/arrays.js";
import { convolution, depthwiseConvolution, pool, resizeBilinear } from "./reference/spatial.js";
import { start, tf } from "./support.js";

interface Case {
  readonly name: string;
  /** Shapes of what is differentiated. */
  readonly inputs: readonly number[][];
  readonly op: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly reference: (...inputs: Float64Map[]) => Float64Map;
  /** Brings normal numbers into the domain of the operation; every number as it is unless given. */
  readonly domain?: (value: number) => number;
  /** Magnitudes that make sense for the operation; all unless given. */
  readonly magnitudes?: readonly string[];
}

const magnitudes: Readonly<Record<string, (value: number, index: number) => number>> = {
  small: (value) => 1e-3 * value,
  usual: (value) => value,
  large: (value) => 60 * value,
  mixed: (value, index) => value * 10 ** ((index % 5) - 3),
};

const away = (distance: number) => (value: number) => value + Math.sign(value || 1) * distance;
const positive = (value: number) => Math.abs(value) + 0.05;
const inside = (value: number) => 0.9 * Math.tanh(value);
const aboveOne = (value: number) => 1.1 + Math.abs(value);
const calm = ["small", "usual"];
const erf = (x: number): number => {
  // Series near zero, continued fraction of the complement beyond: both to about 1e-15.
  if (Math.abs(x) < 2.5) {
    let [term, sum] = [x, x];
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let tail = 0;
  for (let n = 60; n > 0; n--) tail = n / 2 / (Math.abs(x) + tail);
  return Math.sign(x) * (1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (Math.abs(x) + tail)));
};

const unary: readonly [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number, Partial<Case>?][] = [
  ["Abs", tf.abs, Math.abs, { domain: away(1e-4) }],
  ["Acos", tf.acos, Math.acos, { domain: inside }],
  ["Acosh", tf.acosh, Math.acosh, { domain: aboveOne }],
  ["Asin", tf.asin, Math.asin, { domain: inside }],
  ["Asinh", tf.asinh, Math.asinh],
  ["Atan", tf.atan, Math.atan],
  ["Atanh", tf.atanh, Math.atanh, { domain: inside }],
  ["Cos", tf.cos, Math.cos, { magnitudes: [...calm, "mixed"] }],
  ["Cosh", tf.cosh, Math.cosh, { magnitudes: calm }],
  ["Elu", tf.elu, (x) => (x > 0 ? x : Math.expm1(x)), { domain: away(1e-4) }],
  ["Erf", tf.erf, erf],
  ["Exp", tf.exp, Math.exp, { magnitudes: calm }],
  ["Expm1", tf.expm1, Math.expm1, { magnitudes: calm }],
  ["LeakyRelu", (x) => tf.leakyRelu(x, 0.1), (x) => (x > 0 ? x : 0.1 * x), { domain: away(1e-4) }],
  ["Log", tf.log, Math.log, { domain: positive }],
  ["Log1p", tf.log1p, Math.log1p, { domain: positive }],
  ["Neg", tf.neg, (x) => -x],
  ["Reciprocal", tf.reciprocal, (x) => 1 / x, { domain: away(0.05) }],
  ["Relu", tf.relu, (x) => Math.max(x, 0), { domain: away(1e-4) }],
  ["Relu6", tf.relu6, (x) => Math.min(Math.max(x, 0), 6), { domain: away(1e-4) }],
  ["Rsqrt", tf.rsqrt, (x) => 1 / Math.sqrt(x), { domain: positive }],
  [
    "Selu",
    tf.selu,
    (x) => (x > 0 ? 1.0507009873554805 * x : 1.7580993408473766 * Math.expm1(x)),
    { domain: away(1e-4) },
  ],
  ["Sigmoid", tf.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  ["Sin", tf.sin, Math.sin, { magnitudes: [...calm, "mixed"] }],
  ["Sinh", tf.sinh, Math.sinh, { magnitudes: calm }],
  ["Softplus", tf.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))],
  ["Sqrt", tf.sqrt, Math.sqrt, { domain: positive }],
  ["Square", tf.square, (x) => x * x],
  ["Tan", tf.tan, Math.tan, { domain: inside }],
  ["Tanh", tf.tanh, Math.tanh],
  ["ClipByValue", (x) => tf.clipByValue(x, -0.5, 0.7), (x) => Math.min(Math.max(x, -0.5), 0.7)],
];

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
const binary: readonly [string, Binary, (a: number, b: number) => number, Partial<Case>?][] = [
  ["Add", tf.add, (a, b) => a + b],
  ["Sub", tf.sub, (a, b) => a - b],
  ["Multiply", tf.mul, (a, b) => a * b],
  ["RealDiv", tf.div, (a, b) => a / b, { domain: away(0.05) }],
  ["Maximum", tf.maximum, Math.max],
  ["Minimum", tf.minimum, Math.min],
  ["Pow", tf.pow, (a, b) => a ** b, { domain: positive, magnitudes: calm }],
  ["SquaredDifference", tf.squaredDifference, (a, b) => (a - b) ** 2],
  ["Atan2", tf.atan2, Math.atan2, { domain: away(0.05) }],
  ["Prelu", tf.prelu, (a, b) => (a > 0 ? a : a * b), { domain: away(1e-4) }],
];

const sumOver = (x: Float64Map, axis: number) => fold(x, axis, 0, (sum, value) => sum + value);
const maxOver = (x: Float64Map, axis: number) => fold(x, axis, Number.NEGATIVE_INFINITY, Math.max);
const atEnd = (x: Float64Map): Float64Map => ({ shape: [...x.shape, 1], data: x.data });
const softmax = (x: Float64Map) => {
  const last = x.shape.length - 1;
  const exponentials = zip(x, atEnd(maxOver(x, last)), (a, b) => Math.exp(a - b));
  return zip(exponentials, atEnd(sumOver(exponentials, last)), (a, b) => a / b);
};
const logSoftmax = (x: Float64Map) => {
  const last = x.shape.length - 1;
  const shifted = zip(x, atEnd(maxOver(x, last)), (a, b) => a - b);
  return zip(shifted, atEnd(sumOver(map(shifted, Math.exp), last)), (a, b) => a - Math.log(b));
};
const product = (a: Float64Map, b: Float64Map) =>
  build([...a.shape.slice(0, -1), b.shape.at(-1)!], (index) => {
    let sum = 0;
    const [batch, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    for (let k = 0; k < a.shape.at(-1)!; k++) {
      sum += at(a, [...batch, row, k]) * at(b, b.shape.length === 2 ? [k, column] : [...batch, k, column]);
    }
    return sum;
  });
const move = (x: Float64Map, axes: number[]) =>
  build(
    axes.map((axis) => x.shape[axis]!),
    (index) => {
      const from = x.shape.map(() => 0);
      axes.forEach((axis, i) => {
        from[axis] = index[i]!;
      });
      return at(x, from);
    },
  );
const rows = [2, 0, 2, 1];
const places = () => tf.tensor1d(rows, "int32");
const mean = (x: Float64Map, axis: number) => map(sumOver(x, axis), (sum) => sum / x.shape[axis]!);

const same = { stride: 1, pad: "same" } as const;
const strided = { stride: 2, pad: "same" } as const;
const as4d = (x: tf.Tensor) => x as tf.Tensor4D;

const structured: readonly Case[] = [
  { name: "Sum", inputs: [[3, 4, 5]], op: (x) => tf.sum(x, [1]), reference: (x) => sumOver(x, 1) },
  { name: "Mean", inputs: [[3, 4, 5]], op: (x) => tf.mean(x, [0]), reference: (x) => mean(x, 0) },
  { name: "Max", inputs: [[3, 4, 5]], op: (x) => tf.max(x, [2]), reference: (x) => maxOver(x, 2) },
  {
    name: "Cumsum",
    inputs: [[3, 6]],
    op: (x) => tf.cumsum(x, 1),
    reference: (x) =>
      build(x.shape, ([i, j]) => {
        let sum = 0;
        for (let k = 0; k <= j!; k++) sum += at(x, [i!, k]);
        return sum;
      }),
  },
  { name: "Softmax", inputs: [[4, 7]], op: (x) => tf.softmax(x), reference: softmax },
  { name: "LogSoftmax", inputs: [[4, 7]], op: (x) => tf.logSoftmax(x), reference: logSoftmax },
  {
    name: "BatchMatMul",
    inputs: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    op: (a, b) => tf.matMul(a, b),
    reference: product,
  },
  {
    name: "BatchMatMul of a transposed view",
    inputs: [
      [3, 4],
      [5, 4],
    ],
    op: (a, b) => tf.matMul(a, tf.transpose(b)),
    reference: (a, b) => product(a, move(b, [1, 0])),
  },
  {
    name: "BatchMatMul with both transposed",
    inputs: [
      [2, 4, 3],
      [2, 5, 4],
    ],
    op: (a, b) => tf.matMul(a, b, true, true),
    reference: (a, b) => product(move(a, [0, 2, 1]), move(b, [0, 2, 1])),
  },
  {
    name: "Transpose",
    inputs: [[2, 3, 4]],
    op: (x) => tf.transpose(x, [2, 0, 1]),
    reference: (x) => move(x, [2, 0, 1]),
  },
  {
    name: "Reshape",
    inputs: [[2, 6]],
    op: (x) => tf.reshape(x, [3, 4]),
    reference: (x) => ({ shape: [3, 4], data: x.data }),
  },
  {
    name: "Slice",
    inputs: [[4, 5]],
    op: (x) => tf.slice(x, [1, 2], [2, 3]),
    reference: (x) => build([2, 3], ([i, j]) => at(x, [i! + 1, j! + 2])),
  },
  {
    name: "PadV2",
    inputs: [[3, 4]],
    op: (x) =>
      tf.pad(x, [
        [1, 0],
        [2, 1],
      ]),
    reference: (x) => build([4, 7], ([i, j]) => at(x, [i! - 1, j! - 2])),
  },
  {
    name: "Concat",
    inputs: [
      [2, 3],
      [2, 4],
    ],
    op: (a, b) => tf.concat([a, b], 1),
    reference: (a, b) => build([2, 7], ([i, j]) => (j! < 3 ? at(a, [i!, j!]) : at(b, [i!, j! - 3]))),
  },
  {
    name: "SplitV",
    inputs: [[2, 6]],
    op: (x) => tf.mul(...(tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor])),
    reference: (x) => build([2, 3], ([i, j]) => at(x, [i!, j!]) * at(x, [i!, j! + 3])),
  },
  {
    name: "Tile",
    inputs: [[2, 3]],
    op: (x) => tf.tile(x, [2, 3]),
    reference: (x) => build([4, 9], ([i, j]) => at(x, [i! % 2, j! % 3])),
  },
  {
    name: "Reverse",
    inputs: [[3, 4]],
    op: (x) => tf.reverse(x, 1),
    reference: (x) => build([3, 4], ([i, j]) => at(x, [i!, 3 - j!])),
  },
  {
    name: "GatherV2",
    inputs: [[3, 4]],
    op: (x) => tf.gather(x, places()),
    reference: (x) => build([4, 4], ([i, j]) => at(x, [rows[i!]!, j!])),
  },
  {
    name: "UnsortedSegmentSum",
    inputs: [[4, 3]],
    op: (x) => tf.unsortedSegmentSum(x, places(), 3),
    reference: (x) =>
      build([3, 3], ([segment, j]) =>
        rows.reduce((sum, row, i) => sum + (row === segment ? at(x, [i, j!]) : 0), 0),
      ),
  },
  {
    name: "Select",
    inputs: [
      [3, 4],
      [3, 4],
    ],
    op: (a, b) => tf.where(tf.tensor2d([1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1], [3, 4], "bool"), a, b),
    reference: (a, b) =>
      build([3, 4], ([i, j]) =>
        [1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1][i! * 4 + j!] ? at(a, [i!, j!]) : at(b, [i!, j!]),
      ),
  },
  {
    name: "Pack",
    inputs: [
      [2, 3],
      [2, 3],
    ],
    op: (a, b) => tf.stack([a, b], 1),
    reference: (a, b) => build([2, 2, 3], ([i, k, j]) => at(k === 0 ? a : b, [i!, j!])),
  },
  {
    name: "Unpack",
    inputs: [[3, 4]],
    op: (x) => tf.mul(tf.unstack(x)[0]!, tf.unstack(x)[2]!),
    reference: (x) => build([4], ([j]) => at(x, [0, j!]) * at(x, [2, j!])),
  },
  {
    name: "BroadcastTo",
    inputs: [[3, 1]],
    op: (x) => tf.broadcastTo(x, [3, 4]),
    reference: (x) => build([3, 4], ([i]) => at(x, [i!, 0])),
  },
  {
    name: "AddN",
    inputs: [[5], [5]],
    op: (a, b) => tf.addN([a, b, a]),
    reference: (a, b) => zip(a, b, (x, y) => 2 * x + y),
  },
  {
    name: "Conv2D",
    inputs: [
      [2, 6, 5, 3],
      [3, 3, 3, 4],
    ],
    op: (x, w) => tf.conv2d(as4d(x), as4d(w), 1, "same"),
    reference: (x, w) => convolution(x, w, same),
  },
  {
    name: "Conv2D with stride 2",
    inputs: [
      [2, 7, 6, 3],
      [3, 3, 3, 4],
    ],
    op: (x, w) => tf.conv2d(as4d(x), as4d(w), 2, "same"),
    reference: (x, w) => convolution(x, w, strided),
  },
  {
    name: "Conv2D 1×1",
    inputs: [
      [2, 4, 4, 5],
      [1, 1, 5, 3],
    ],
    op: (x, w) => tf.conv2d(as4d(x), as4d(w), 1, "valid"),
    reference: (x, w) => convolution(x, w, { stride: 1, pad: "valid" }),
  },
  {
    name: "DepthwiseConv2dNative",
    inputs: [
      [2, 6, 6, 3],
      [3, 3, 3, 2],
    ],
    op: (x, w) => tf.depthwiseConv2d(as4d(x), as4d(w), 1, "same"),
    reference: (x, w) => depthwiseConvolution(x, w, same),
  },
  {
    name: "AvgPool",
    inputs: [[2, 6, 5, 3]],
    op: (x) => tf.avgPool(as4d(x), 2, 2, "valid"),
    reference: (x) => pool(x, 2, { stride: 2, pad: "valid" }, "average"),
  },
  {
    name: "AvgPool with padding",
    inputs: [[2, 5, 5, 2]],
    op: (x) => tf.avgPool(as4d(x), 3, 2, "same"),
    reference: (x) => pool(x, 3, strided, "average"),
  },
  {
    name: "MaxPool",
    inputs: [[2, 6, 5, 3]],
    op: (x) => tf.maxPool(as4d(x), 2, 2, "valid"),
    reference: (x) => pool(x, 2, { stride: 2, pad: "valid" }, "max"),
  },
  {
    name: "MaxPool with overlap",
    inputs: [[2, 7, 7, 2]],
    op: (x) => tf.maxPool(as4d(x), 3, 2, "same"),
    reference: (x) => pool(x, 3, strided, "max"),
  },
  {
    name: "ResizeBilinear",
    inputs: [[1, 3, 4, 2]],
    op: (x) => tf.image.resizeBilinear(as4d(x), [7, 5]),
    reference: (x) => resizeBilinear(x, { size: [7, 5], alignCorners: false, halfPixelCenters: false }),
  },
  {
    name: "ResizeBilinear with aligned corners",
    inputs: [[1, 3, 4, 2]],
    op: (x) => tf.image.resizeBilinear(as4d(x), [7, 5], true),
    reference: (x) => resizeBilinear(x, { size: [7, 5], alignCorners: true, halfPixelCenters: false }),
  },
  {
    name: "FusedBatchNorm",
    inputs: [[4, 3], [3], [3], [3]],
    op: (x, m, offset, scale) =>
      tf.batchNorm(
        x,
        m as tf.Tensor1D,
        tf.tensor1d([0.5, 1.5, 3]),
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        1e-3,
      ),
    reference: (x, m, offset, scale) =>
      zip(
        zip(
          zip(x, m, (a, b) => a - b),
          zip(scale, { shape: [3], data: Float64Array.of(0.5, 1.5, 3) }, (s, v) => s / Math.sqrt(v + 1e-3)),
          (a, b) => a * b,
        ),
        offset,
        (a, b) => a + b,
      ),
  },
];

const cases: readonly Case[] = [
  ...unary.map(
    ([name, op, of, extra]): Case => ({ name, inputs: [[4, 6]], op, reference: (x) => map(x, of), ...extra }),
  ),
  ...binary.map(
    ([name, op, of, extra]): Case => ({
      name,
      inputs: [
        [4, 6],
        [4, 6],
      ],
      op,
      reference: (a, b) => zip(a, b, of),
      ...extra,
    }),
  ),
  ...binary.slice(0, 4).map(
    ([name, op, of, extra]): Case => ({
      name: `${name} that broadcasts`,
      inputs: [[4, 6], [6]],
      op,
      reference: (a, b) => zip(a, b, of),
      ...extra,
    }),
  ),
  ...structured,
];

/** Float32 numbers, so that both sides start from the same. */
function numbersFor({ inputs, domain = (value: number) => value }: Case, magnitude: string): Float64Map[] {
  return inputs.map((shape, i) => {
    const raw = normals({ seed: 17 + i, stream: 0 }, sizeOf(shape));
    const scale = magnitudes[magnitude]!;
    return { shape, data: Float64Array.from(raw, (value, k) => Math.fround(domain(scale(value, k)))) };
  });
}

/** ⟨gradient, direction⟩ by float64 central differences; the step is small beside every number and its distance to a kink. */
function directional(
  test: Case,
  at0: readonly Float64Map[],
  directions: readonly Float64Map[],
  upstream: Float64Map,
): number {
  const h = 1e-6;
  const value = (sign: number) => {
    const moved = at0.map((x, i) => zip(x, directions[i]!, (a, d) => a + sign * h * d));
    return zip(test.reference(...moved), upstream, (a, b) => a * b).data.reduce((a, b) => a + b, 0);
  };
  return (value(1) - value(-1)) / (2 * h);
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

beforeAll(async () => {
  await start();
});

describe.each(cases)("$name", (example) => {
  test.each(example.magnitudes ?? Object.keys(magnitudes))("%s numbers", async (magnitude) => {
    const given = numbersFor(example, magnitude);
    const output = example.reference(...given);
    const upstream = build(output.shape, () => 0);
    normals({ seed: 5, stream: 0 }, upstream.data.length).forEach((value, i) => {
      upstream.data[i] = Math.fround(value);
    });
    const tensors = given.map(({ shape, data }) => tf.tensor(Float32Array.from(data), [...shape]));
    const dy = tf.tensor(Float32Array.from(upstream.data), [...output.shape]);
    const gradients = tf.grads(example.op)(tensors, dy);
    const found = await Promise.all(gradients.map((gradient) => gradient.data()));
    tf.dispose([tensors, gradients, dy]);
    for (let direction = 0; direction < 4; direction++) {
      // A direction moves each number by its own size: what is small is not drowned by what is large.
      const directions = given.map((x, i) => {
        const raw = normals({ seed: 91 + 7 * direction + i, stream: 0 }, x.data.length);
        return {
          shape: x.shape,
          data: Float64Array.from(raw, (value, k) => value * Math.max(Math.abs(x.data[k]!), 1e-3)),
        };
      });
      const expected = directional(example, given, directions, upstream);
      const terms = directions.flatMap(({ data }, i) => Array.from(data, (d, k) => d * found[i]![k]!));
      const actual = terms.reduce((a, b) => a + b, 0);
      const scale = Math.sqrt(terms.reduce((sum, term) => sum + term * term, 0)) + Math.abs(expected);
      // Where everything cancels, what is left is the rounding of one float32 product.
      const rounding =
        1e-7 * largest(upstream.data) * Math.max(...directions.map(({ data }) => largest(data)));
      const difference = Math.abs(actual - expected);
      expect(difference, `direction ${direction}: ${actual} for ${expected}`).toBeLessThanOrEqual(
        2e-5 * scale + rounding + 2e-9,
      );
    }
  });
});
