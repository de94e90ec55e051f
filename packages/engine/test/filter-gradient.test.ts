/** The filter gradient that wasm is given, against the cpu backend's own. */
import { beforeAll, expect, test } from "vitest";
import { selectEngine, tf } from "../src/index.js";

beforeAll(async () => {
  await selectEngine("cpu");
  await selectEngine("wasm");
});

type Pair = [number, number];
type Shape = [number, number, number, number];
interface Case {
  readonly size: Pair;
  readonly filter: Pair;
  readonly strides: number | Pair;
  readonly pad: "same" | "valid" | number | [Pair, Pair, Pair, Pair];
}

const cases: Case[] = [
  { size: [6, 6], filter: [3, 3], strides: 1, pad: "same" },
  { size: [7, 5], filter: [3, 3], strides: 1, pad: "valid" },
  { size: [8, 8], filter: [3, 3], strides: 2, pad: "same" },
  { size: [7, 9], filter: [3, 3], strides: 2, pad: "same" },
  { size: [9, 8], filter: [2, 3], strides: [2, 3], pad: "valid" },
  { size: [8, 8], filter: [1, 1], strides: 2, pad: "valid" },
  { size: [6, 7], filter: [3, 2], strides: [1, 2], pad: 1 },
  {
    size: [11, 6],
    filter: [4, 4],
    strides: 3,
    pad: [
      [0, 0],
      [1, 2],
      [0, 3],
      [0, 0],
    ],
  },
  { size: [5, 5], filter: [5, 5], strides: 4, pad: 2 },
];

test.each(cases)(
  "size $size, filter $filter, strides $strides, pad $pad",
  async ({ size, filter, strides, pad }) => {
    // The kernel alone: wasm's own forward convolution is wrong where strides differ.
    const gradient = async () => {
      const filterShape = [...filter, 3, 4] as Shape;
      const { outShape } = tf.backend_util.computeConv2DInfo([2, ...size, 3], filterShape, strides, 1, pad);
      const x = tf.randomNormal([2, ...size, 3], 0, 1, "float32", 1);
      const dy = tf.randomNormal(outShape, 0, 1, "float32", 2);
      const attrs = { strides, pad, dataFormat: "NHWC", filterShape };
      const found = tf.engine().runKernel("Conv2DBackpropFilter", { x, dy }, attrs) as tf.Tensor;
      expect(found.shape).toEqual(filterShape);
      return found.array() as Promise<unknown>;
    };
    await tf.setBackend("cpu");
    const expected = flat(await gradient());
    await tf.setBackend("wasm");
    const found = flat(await gradient());
    const largest = Math.max(...expected.map(Math.abs));
    const error = Math.max(...found.map((value, index) => Math.abs(value - expected[index]!))) / largest;
    expect(found).toHaveLength(expected.length);
    expect(error).toBeLessThan(1e-6);
  },
);

test("leaves nothing behind", async () => {
  await tf.setBackend("wasm");
  const x = tf.ones<tf.Rank.R4>([1, 8, 8, 2]);
  const w = tf.ones<tf.Rank.R4>([3, 3, 2, 2]);
  const backend = tf.backend();
  const step = () =>
    tf.tidy(() => tf.grad((each) => tf.sum(tf.conv2d(x, each as tf.Tensor4D, 2, "same")))(w)).dispose();
  step();
  const before = backend.numDataIds();
  for (let count = 0; count < 5; count += 1) step();
  expect(backend.numDataIds()).toBe(before);
});

const flat = (nested: unknown): number[] => (nested as unknown[]).flat(Infinity) as number[];
