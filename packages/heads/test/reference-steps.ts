/** The reference's steps, done again on the running engine. */
import type { NdArray } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { createHead, type Head, type HeadTap, restoreHead } from "../src/index.js";
import { type Case, type Fixture, specOf, tapsOf } from "./fixtures.js";

/** Largest difference over the expected tensor's largest value. */
export function difference(found: tf.Tensor, expected: NdArray<"float32">): number {
  expect(found.shape).toEqual(expected.shape);
  const values = found.dataSync();
  const largest = expected.data.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const worst = expected.data.reduce((most, each, i) => Math.max(most, Math.abs(each - values[i]!)), 0);
  return worst / (largest || 1);
}

const textOf = ({ timestep, block }: HeadTap) => `t${timestep}.b${block}`;

function featuresOf(fixture: Fixture, source: string, taps: readonly HeadTap[]) {
  const tensors = taps.map((tap) => {
    const { shape, data } = fixture.read(`${source}.${textOf(tap)}`);
    return [tap.name, tf.tensor(data, [...shape])] as const;
  });
  return Object.fromEntries(tensors);
}

function initialHead(name: string, given: Case, fixture: Fixture): Head {
  const { head, classes } = given;
  const fresh = createHead({ head, spec: specOf(given), taps: tapsOf(given), classes, seed: 0 });
  const keys = [...fresh.variables.keys(), ...fresh.buffers.keys()];
  const tensors = Object.fromEntries(keys.map((key) => [key, fixture.read(`${name}.init.${key}`)]));
  fresh.dispose();
  return restoreHead({ description: fresh.description, tensors });
}

/** Loss, gradients and the logits of the one forward pass they come from: a second one would move the buffers again. */
export function differentiate(head: Head, features: Record<string, tf.Tensor>, labels: tf.Tensor) {
  let logits: tf.Tensor | undefined;
  const { value, grads } = tf.variableGrads(() => {
    logits = tf.keep(head.forward(features, { training: true }));
    return tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;
  }, [...head.variables.values()]);
  return { loss: value, logits: logits!, gradientOf: (variable: tf.Variable) => grads[variable.name]! };
}

/** Two steps of PyTorch's SGD and an evaluation; the relative difference of everything the reference holds. */
export function compare(name: string, given: Case, fixture: Fixture): Record<string, number> {
  const { lr, momentum, weight_decay: decay } = given.optimizer;
  const head = initialHead(name, given, fixture);
  const figures: Record<string, number> = {};
  const note = (what: string, found: tf.Tensor) => {
    figures[`${name}.${what}`] = difference(found, fixture.read(`${name}.${what}`));
  };
  const classes = tf.tensor1d(Array.from(fixture.read("labels").data), "int32");
  const labels = tf.oneHot(classes, given.classes);
  const velocity = new Map<string, tf.Tensor>();
  for (const [index, source] of ["features", "features_next"].entries()) {
    const step = `step${index + 1}`;
    const features = featuresOf(fixture, source, tapsOf(given));
    const { loss, logits, gradientOf } = differentiate(head, features, labels);
    note(`${step}.logits`, logits);
    note(`${step}.loss`, loss);
    for (const [key, variable] of head.variables) {
      const gradient = gradientOf(variable);
      note(`${step}.grad.${key}`, gradient);
      const decayed = tf.add(gradient, tf.mul(variable, decay));
      const previous = velocity.get(key);
      velocity.set(key, previous ? tf.add(tf.mul(previous, momentum), decayed) : decayed);
      variable.assign(tf.sub(variable, tf.mul(velocity.get(key)!, lr)));
    }
    for (const [key, kept] of [...head.variables, ...head.buffers]) note(`${step}.after.${key}`, kept);
  }
  const features = featuresOf(fixture, "features", tapsOf(given));
  note("eval.logits", head.forward(features, { training: false }));
  return figures;
}
