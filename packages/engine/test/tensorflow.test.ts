/** The real addon, where `tooling/tensorflow/setup.sh` has built it. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { selectEngine, tf } from "../src/index.js";

const folder = process.env.DIFFTAP_TENSORFLOW ?? resolve(import.meta.dirname, "../../../.cache/tfjs-node");
const built = existsSync(join(folder, "node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node"));
const missing = built ? "" : " (skipped: sh tooling/tensorflow/setup.sh has not built the addon)";

describe.skipIf(!built)(`the tensorflow engine${missing}`, () => {
  beforeAll(async () => {
    await selectEngine("tensorflow", { from: folder });
  });

  test("starts under its name, with oneDNN", async () => {
    const from = relative(process.cwd(), folder);
    expect(await selectEngine("tensorflow", { from })).toMatchObject({
      name: "tensorflow",
      version: expect.stringMatching(/^2\./),
      device: "CPU, TensorFlow, all cores",
    });
    expect(tf.getBackend()).toBe("tensorflow");
    expect(process.env.TF_ENABLE_ONEDNN_OPTS).toBe("1");
  });

  test("auto prefers it to everything but a GPU", async () => {
    const { name, failures } = await selectEngine("auto", { from: folder });
    expect(name).toBe("tensorflow");
    expect(failures.map((failure) => failure.name)).toEqual(["tensorflow-gpu"]);
  });

  test("works on the one core of this process", () => {
    const addon = createRequire(join(folder, "package.json"))("@tensorflow/tfjs-node") as typeof tf;
    expect(addon.Tensor).toBe(tf.Tensor);
    expect(addon.engine()).toBe(tf.engine());
    expect(addon.tensor1d([1])).toBeInstanceOf(tf.Tensor);
  });

  test("multiplies and differentiates, a convolution too", () => {
    const gradient = tf.grad((x) => tf.sum(tf.matMul(x as tf.Tensor2D, tf.ones([3, 2]))));
    expect(Array.from(gradient(tf.ones([2, 3])).dataSync())).toEqual(new Array(6).fill(2));
    const x = tf.ones<tf.Rank.R4>([1, 4, 4, 2]);
    const filter = tf.grad((w) => tf.sum(tf.conv2d(x, w as tf.Tensor4D, 1, "valid")));
    expect(Array.from(filter(tf.ones([3, 3, 2, 5])).dataSync())).toEqual(new Array(90).fill(4));
  });

  test("shares a tensor that keeps its shape and type, however it is disposed of", () => {
    const held = tf.memory().numDataBuffers;
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const [same, cast, other] = [tf.reshape(x, [2, 2]), tf.cast(x, "float32"), tf.reshape(x, [4])];
    expect([same.dataId === x.dataId, cast.dataId === x.dataId, other.dataId === x.dataId]).toEqual([
      true,
      true,
      false,
    ]);
    x.dispose();
    expect(Array.from(same.dataSync())).toEqual([1, 2, 3, 4]);
    same.dispose();
    const whole = tf.cast(cast, "int32");
    expect(whole.dtype).toBe("int32");
    expect(Array.from(whole.dataSync())).toEqual([1, 2, 3, 4]);
    tf.dispose([cast, other, whole]);
    expect(tf.memory().numDataBuffers).toBe(held);
  });

  test("gives variables values of their own", () => {
    const variable = tf.variable(tf.zeros([2, 2]));
    const value = tf.ones<tf.Rank.R2>([2, 2]);
    variable.assign(tf.reshape(value, [2, 2]));
    value.dispose();
    variable.assign(tf.add(variable, 1));
    expect(Array.from(variable.dataSync())).toEqual([2, 2, 2, 2]);
    variable.dispose();
  });

  test("an optimiser of this core trains variables on it", async () => {
    const weight = tf.variable(tf.zeros([2]));
    const optimizer = tf.train.sgd(0.5);
    const loss = () => tf.sum(tf.squaredDifference(weight, tf.tensor1d([1, -1]))) as tf.Scalar;
    for (let step = 0; step < 3; step += 1) optimizer.minimize(loss);
    expect(Array.from(await weight.data())).toEqual([1, -1]);
  });
});
