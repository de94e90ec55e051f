import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OnnxRuntimeBackend } from "../dist/index.js";
import { filledTensor, start, tf } from "./support.js";

let backend: OnnxRuntimeBackend;
beforeEach(async () => {
  backend = await start();
  tf.engine().startScope();
});
afterEach(() => {
  tf.engine().endScope();
});

describe("recording", () => {
  test("kernels compute nothing until something is read", () => {
    backend.flush();
    const before = backend.statistics.runs;
    const y = tf.exp(tf.add(filledTensor([4, 4], 1), 1));
    expect(backend.statistics.runs).toBe(before);
    expect(y.dataSync()).toHaveLength(16);
    expect(backend.statistics.runs).toBe(before + 1);
  });

  test("what nobody holds any more is not computed", async () => {
    const x = filledTensor([3], 2);
    backend.flush();
    const held = backend.statistics.tensors;
    const kept = tf.tidy(() => {
      tf.matMul(tf.ones([2, 2]), filledTensor([2, 2], 3));
      return tf.square(x);
    });
    await kept.data();
    expect(backend.statistics.tensors).toBeLessThanOrEqual(held + 2);
  });

  test("a graph seen before is not compiled again, whatever its data", async () => {
    const run = async (seed: number) => {
      const y = tf.tidy(() => tf.sum(tf.sqrt(tf.abs(filledTensor([7, 3], seed)))));
      return (await y.data())[0]!;
    };
    await run(1);
    const { compilations } = backend.statistics;
    const values = [await run(2), await run(3)];
    expect(values[0]).not.toBe(values[1]);
    expect(backend.statistics.compilations).toBe(compilations);
  });

  test("a number that changes is compiled once more and then fed", async () => {
    const x = filledTensor([5], 4);
    const scaled = async (by: number) =>
      Array.from(await tf.tidy(() => tf.sin(tf.mul(x, tf.scalar(by)))).data());
    const first = await scaled(0.5);
    const { compilations } = backend.statistics;
    for (const by of [0.25, 0.125, 3, -1]) {
      const expected = Array.from(await x.data(), (value) => Math.sin(Math.fround(value * by)));
      const values = await scaled(by);
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    }
    expect(await scaled(0.5)).toEqual(first);
    expect(backend.statistics.compilations).toBe(compilations + 1);
  });

  test("data is taken when it is written, not when it is used", async () => {
    const data = Float32Array.of(1, 2, 3);
    const doubled = tf.mul(tf.tensor1d(data), 2);
    data.fill(9);
    expect(Array.from(await doubled.data())).toEqual([2, 4, 6]);
  });

  test("a loop that reads nothing runs in the same graph each time", async () => {
    const weight = tf.variable(filledTensor([16, 16], 5));
    const optimizer = tf.train.sgd(0.01);
    const step = () => {
      const x = filledTensor([8, 16], 6);
      for (let i = 0; i < 3; i++) {
        const loss = () => {
          let y: tf.Tensor = x;
          for (let layer = 0; layer < 20; layer++)
            y = tf.tanh(tf.matMul(y as tf.Tensor2D, weight as unknown as tf.Tensor2D));
          return tf.mean(tf.square(y)) as tf.Scalar;
        };
        optimizer.minimize(loss, false, [weight]);
      }
      x.dispose();
    };
    for (let i = 0; i < 4; i++) step();
    await weight.data();
    const { compilations } = backend.statistics;
    for (let i = 0; i < 8; i++) step();
    await weight.data();
    expect(backend.statistics.compilations - compilations).toBeLessThanOrEqual(2);
    optimizer.dispose();
    weight.dispose();
  });
});

describe("views", () => {
  test("a transpose there and back moves nothing and gives the same data id", () => {
    const x = filledTensor([2, 3, 4, 5], 7);
    const back = tf.transpose(tf.transpose(x, [0, 2, 3, 1]), [0, 3, 1, 2]);
    expect(back.dataId).toBe(x.dataId);
  });

  test("reading a view reads it in its own order", async () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(Array.from(await tf.transpose(x).data())).toEqual([1, 4, 2, 5, 3, 6]);
    expect(Array.from(tf.transpose(x).dataSync())).toEqual([1, 4, 2, 5, 3, 6]);
  });

  test("outlives what it views", async () => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const view = tf.transpose(x);
    x.dispose();
    expect(Array.from(await view.data())).toEqual([1, 3, 2, 4]);
  });
});

test("a padded value that is read as well stays whole", async () => {
  const x = filledTensor([5, 3, 8, 8], 10) as tf.Tensor4D;
  const w = filledTensor([3, 3, 3, 4], 11) as tf.Tensor4D;
  const first = tf.slice(x, 0, 1);
  const convolved = tf.conv2d(
    tf.pad(tf.transpose(first, [0, 2, 3, 1]), [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]) as tf.Tensor4D,
    w,
    2,
    "valid",
  );
  expect(await convolved.data()).toHaveLength(4 * 4 * 4);
  expect(await first.data()).toHaveLength(3 * 8 * 8);
});

describe("the runtime thread", () => {
  test("leaves the event loop free while it computes", async () => {
    const x = filledTensor([768, 768], 8) as tf.Tensor2D;
    let y = x;
    for (let i = 0; i < 24; i++) y = tf.matMul(y, x);
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    await tf.sum(y).data();
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });

  test("an error of ONNX Runtime reaches whoever reads, and later work goes on", async () => {
    const wrong = tf.gather(tf.tensor1d([1, 2, 3]), tf.add(tf.tensor1d([5], "int32"), tf.scalar(2, "int32")));
    await expect(wrong.data()).rejects.toThrow(/indices element out of data bounds/);
    expect(() => wrong.dataSync()).toThrow(/out of data bounds/);
    expect(Array.from(await tf.add(tf.tensor1d([1]), 1).data())).toEqual([2]);
  });

  test("moves tensors to and from another backend", async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const onOurs = tf.mul(x, 2);
    await tf.setBackend("cpu");
    const onCpu = tf.add(onOurs, 1);
    expect(Array.from(onCpu.dataSync())).toEqual([3, 5, 7]);
    await tf.setBackend("onnxruntime");
    expect(Array.from(tf.sub(onCpu, 1).dataSync())).toEqual([2, 4, 6]);
  });
});

test("500 training steps leave tensors, sessions and memory as they were", async () => {
  const weight = tf.variable(filledTensor([64, 64], 9, 0.1));
  const optimizer = tf.train.adam(1e-4);
  const step = async (seed: number) => {
    const x = filledTensor([128, 64], seed);
    const loss = optimizer.minimize(
      () => tf.mean(tf.square(tf.matMul(x as tf.Tensor2D, weight as unknown as tf.Tensor2D))) as tf.Scalar,
      true,
      [weight],
    )!;
    await loss.data();
    tf.dispose([x, loss]);
  };
  for (let i = 0; i < 100; i++) await step(i);
  const before = {
    ...backend.statistics,
    tensorsHeld: tf.memory().numTensors,
    resident: process.memoryUsage().rss,
  };
  for (let i = 0; i < 500; i++) await step(i);
  const after = backend.statistics;
  expect(tf.memory().numTensors).toBe(before.tensorsHeld);
  expect(after.tensors).toBeLessThanOrEqual(before.tensors + 4);
  expect(after.compilations).toBe(before.compilations);
  expect(process.memoryUsage().rss - before.resident).toBeLessThan(64 * 2 ** 20);
  optimizer.dispose();
  weight.dispose();
});
