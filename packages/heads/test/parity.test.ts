import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type NdArray, ndarray } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createHead, restoreHead } from "../src/index.js";
import { engines, start } from "./engines.js";

const beside = fileURLToPath(new URL("../../../../shared/fixtures/", import.meta.url));
const folder = `${process.env.DIFFTAP_FIXTURES ?? beside}/heads`;
const missing = !existsSync(`${folder}/heads.safetensors`);
const title = missing ? "reference steps (skipped: no fixtures beside the repository)" : "reference steps";

/** A safetensors file: an 8-byte header length, a JSON header, the data. */
function readTensors(): (name: string) => NdArray<"float32"> {
  const file = readFileSync(`${folder}/heads.safetensors`);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, start));
  return (name) => {
    const { dtype, shape, data_offsets } = header[name];
    const [from, to] = data_offsets.map((offset: number) => offset + start);
    const { buffer } = new Uint8Array(file.subarray(from, to));
    const data =
      dtype === "I64" ? Float32Array.from(new BigInt64Array(buffer), Number) : new Float32Array(buffer);
    return ndarray("float32", shape, data);
  };
}

/** Largest difference over the expected tensor's largest value. */
function difference(found: ArrayLike<number>, expected: NdArray<"float32">): number {
  const largest = expected.data.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const worst = expected.data.reduce((most, each, i) => Math.max(most, Math.abs(each - found[i]!)), 0);
  expect(found.length).toBe(expected.data.length);
  return worst / largest;
}

describe.skipIf(missing)(title, () => {
  describe.each(engines)("on %s", (engine) => {
    beforeAll(() => start(engine));

    test("linear: two SGD steps with momentum and weight decay, then evaluation", async () => {
      const read = readTensors();
      const { linear } = JSON.parse(readFileSync(`${folder}/cases.json`, "utf8")).cases;
      const { lr, momentum, weight_decay: decay } = linear.optimizer;
      const name = "t90/b09";
      const taps = [{ name, block: 9, timestep: 90, channels: 64, height: 4, width: 4 }];
      const request = { head: "linear", spec: { pool: linear.pool }, taps, classes: linear.classes };
      const keys = ["fcs.0.weight", "fcs.0.bias"];
      const tensors = Object.fromEntries(keys.map((key) => [key, read(`linear.init.${key}`)]));
      const { description } = createHead({ ...request, seed: 0 });
      const head = restoreHead({ description, tensors });
      const figures: Record<string, number> = {};
      const note = (what: string, found: tf.Tensor) => {
        figures[what] = difference(found.dataSync(), read(`linear.${what}`));
      };
      const labels = tf.oneHot(tf.tensor1d(Array.from(read("labels").data), "int32"), linear.classes);
      const velocity = new Map<string, tf.Tensor>();
      for (const [step, source] of [
        [1, "features"],
        [2, "features_next"],
      ] as const) {
        const maps = { [name]: tf.tensor(read(`${source}.t90.b9`).data, [5, 64, 4, 4]) };
        note(`step${step}.logits`, head.forward(maps, { training: true }));
        const { value, grads } = tf.variableGrads(
          () => tf.losses.softmaxCrossEntropy(labels, head.forward(maps, { training: true })) as tf.Scalar,
          [...head.variables.values()],
        );
        note(`step${step}.loss`, value);
        for (const [key, variable] of head.variables) {
          const gradient = grads[variable.name]!;
          note(`step${step}.grad.${key}`, gradient);
          const decayed = tf.add(gradient, tf.mul(variable, decay));
          const previous = velocity.get(key);
          velocity.set(key, previous ? tf.add(tf.mul(previous, momentum), decayed) : decayed);
          variable.assign(tf.sub(variable, tf.mul(velocity.get(key)!, lr)));
          note(`step${step}.after.${key}`, variable);
        }
      }
      const maps = { [name]: tf.tensor(read("features.t90.b9").data, [5, 64, 4, 4]) };
      note("eval.logits", head.forward(maps, { training: false }));
      expect(Object.keys(figures)).toHaveLength(13);
      for (const [what, figure] of Object.entries(figures)) expect(figure, what).toBeLessThan(1e-4);
      if (process.env.DIFFTAP_FIGURES) {
        process.stdout.write(
          `${engine}: worst ${Math.max(...Object.values(figures))} ${JSON.stringify(figures)}\n`,
        );
      }
    });
  });
});
