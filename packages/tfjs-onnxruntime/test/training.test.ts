/** Whole trainings: the same losses as on TensorFlow.js's plain backend, step by step. */
import * as layers from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { filledTensor, tf } from "./support.js";

const optimizers: Readonly<Record<string, () => tf.Optimizer>> = {
  momentum: () => tf.train.momentum(0.05, 0.9),
  adam: () => tf.train.adam(1e-3),
  rmsprop: () => tf.train.rmsprop(1e-3),
  adagrad: () => tf.train.adagrad(0.02),
};

/** 50 steps of a small convolutional network with attention over its cells; one loss per step. */
async function losses(backend: string, optimizer: tf.Optimizer): Promise<number[]> {
  await tf.setBackend(backend);
  const variable = (shape: number[], seed: number) =>
    tf.variable(filledTensor(shape, seed, 1 / Math.sqrt(shape.at(-2) ?? 1)));
  const [kernel, qkv, head] = [variable([3, 3, 3, 8], 1), variable([8, 24], 2), variable([8, 4], 3)];
  const x = filledTensor([16, 8, 8, 3], 4) as tf.Tensor4D;
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: 16 }, (_, i) => (i * 7) % 4),
      "int32",
    ),
    4,
  );
  const loss = () => {
    const maps = tf.maxPool(
      tf.relu(tf.conv2d(x, kernel as unknown as tf.Tensor4D, 1, "same")),
      2,
      2,
      "valid",
    );
    const [q, k, v] = tf.split(tf.matMul(tf.reshape(maps, [256, 8]), qkv as unknown as tf.Tensor2D), 3, 1);
    const tokens = (part: tf.Tensor) => tf.reshape(part, [16, 16, 8]);
    const weights = tf.softmax(tf.mul(tf.matMul(tokens(q!), tokens(k!), false, true), 8 ** -0.5));
    const seen = tf.mean(tf.matMul(weights, tokens(v!)), 1) as tf.Tensor2D;
    return tf.losses.softmaxCrossEntropy(
      labels,
      tf.matMul(seen, head as unknown as tf.Tensor2D),
    ) as tf.Scalar;
  };
  const values: number[] = [];
  for (let step = 0; step < 50; step++) {
    const value = optimizer.minimize(loss, true, [kernel, qkv, head])!;
    values.push((await value.data())[0]!);
    value.dispose();
  }
  tf.dispose([kernel, qkv, head, x, labels]);
  optimizer.dispose();
  return values;
}

test.each(Object.keys(optimizers))("50 steps of %s lose the same to 1e-4", async (name) => {
  const ours = await losses("onnxruntime", optimizers[name]!());
  const plain = await losses("cpu", optimizers[name]!());
  expect(ours.at(-1)!).toBeLessThan(ours[0]!);
  for (const [step, value] of ours.entries())
    expect(Math.abs(value - plain[step]!), `step ${step + 1}`).toBeLessThan(1e-4);
});

test("a network of tf.layers fits, evaluates and predicts the same", async () => {
  const results: number[][] = [];
  for (const backend of ["onnxruntime", "cpu"]) {
    await tf.setBackend(backend);
    const kernelInitializer = () => layers.initializers.glorotUniform({ seed: 1 });
    const model = layers.sequential({
      layers: [
        layers.layers.conv2d({
          inputShape: [8, 8, 2],
          filters: 4,
          kernelSize: 3,
          padding: "same",
          kernelInitializer: kernelInitializer(),
        }),
        layers.layers.batchNormalization(),
        layers.layers.activation({ activation: "relu" }),
        layers.layers.maxPooling2d({ poolSize: 2 }),
        layers.layers.flatten(),
        layers.layers.dense({ units: 3, activation: "softmax", kernelInitializer: kernelInitializer() }),
      ],
    });
    model.compile({ optimizer: tf.train.sgd(0.05), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    const x = filledTensor([32, 8, 8, 2], 5);
    const y = tf.oneHot(
      tf.tensor1d(
        Array.from({ length: 32 }, (_, i) => i % 3),
        "int32",
      ),
      3,
    );
    const { history } = await model.fit(x, y, { batchSize: 8, epochs: 3, shuffle: false, verbose: 0 });
    const predicted = model.predict(x) as tf.Tensor;
    results.push([...(history.loss as number[]), ...(history.acc as number[]), ...(await predicted.data())]);
    tf.dispose([x, y, predicted]);
    model.dispose();
  }
  const [ours, plain] = results as [number[], number[]];
  for (const [place, value] of ours.entries()) expect(Math.abs(value - plain[place]!)).toBeLessThan(1e-4);
});
