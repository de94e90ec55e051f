import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createHead, type Head } from "../../src/index.js";
import { difference, featuresFor, mapsFor, tapOf, waves } from "../examples.js";

beforeAll(() => start("cpu"));

type Map = readonly (readonly number[])[];

/** PyTorch's Conv2d with stride 2 and half a kernel of zeros around, in float64; maps by channel. */
function convolve(maps: readonly Map[], weight: number[][][][], bias: readonly number[]): Map[] {
  const half = (weight[0]![0]!.length - 1) / 2;
  const side = (length: number) => Array.from({ length: Math.ceil(length / 2) }, (_, i) => 2 * i);
  return weight.map((filters, output) =>
    side(maps[0]!.length).map((y) =>
      side(maps[0]![0]!.length).map((x) => {
        let sum = bias[output]!;
        filters.forEach((filter, channel) => {
          filter.forEach((row, dy) => {
            row.forEach((factor, dx) => {
              sum += factor * (maps[channel]![y + dy - half]?.[x + dx - half] ?? 0);
            });
          });
        });
        return sum;
      }),
    ),
  );
}

const arrayOf = <T>(head: Head, name: string) =>
  (head.variables.get(name) ?? head.buffers.get(name))!.arraySync() as unknown as T;

/** The head in evaluation, written out. */
function logitsOf(head: Head, maps: Map[], stages: number, norm: boolean): number[] {
  let values = maps;
  for (let stage = 0; stage < stages; stage++) {
    const weight = arrayOf<number[][][][]>(head, `convs.${stage}.0.weight`);
    const zeros = weight.map(() => 0);
    values = convolve(values, weight, norm ? zeros : arrayOf<number[]>(head, `convs.${stage}.0.bias`));
    const part = (name: string) => arrayOf<number[]>(head, `convs.${stage}.1.${name}`);
    const normed = (value: number, channel: number) =>
      ((value - part("running_mean")[channel]!) / Math.sqrt(part("running_var")[channel]! + 1e-5)) *
        part("weight")[channel]! +
      part("bias")[channel]!;
    values = values.map((map, channel) =>
      map.map((row) => row.map((value) => Math.max(0, norm ? normed(value, channel) : value))),
    );
  }
  const means = values.map((map) => map.flat().reduce((sum, each) => sum + each, 0) / map.flat().length);
  const bias = arrayOf<number[]>(head, "head.bias");
  return arrayOf<number[][]>(head, "head.weight").map((row, k) =>
    row.reduce((sum, factor, i) => sum + factor * means[i]!, bias[k]!),
  );
}

describe.each([
  [5, 4, 3],
  [8, 7, 5],
  [1, 1, 3],
])("on %i×%i maps with kernels of %i", (height, width, kernel) => {
  test.each(["batch", "none"])("norm %s: is convolutions, norm, ReLU, mean, linear", (norm) => {
    const tap = tapOf({ height, width });
    const spec = { channels: [4, 5], kernel, norm };
    const head = createHead({ head: "cnn", spec, taps: [tap], classes: 3, seed: 1 });
    for (const [name, variable] of [...head.variables, ...head.buffers]) {
      if (!/\.1\.(weight|bias|running_)/.test(name)) continue;
      variable.assign(tf.add(tf.abs(tf.tensor1d(waves(variable.size))), 0.5));
    }
    const features = featuresFor([tap]);
    const maps = features[tap.name]!.arraySync() as number[][][][];
    const expected = maps.flatMap((each) => logitsOf(head, each, 2, norm === "batch"));
    const found = head.forward(features, { training: false }).dataSync();
    expect(difference(found, expected)).toBeLessThan(1e-5);
  });
});

test("its gradient is the slope of the loss", () => {
  const tap = tapOf({ height: 6, width: 5 });
  const spec = { channels: [4, 4], pool: 2 };
  const head = createHead({ head: "cnn", spec, taps: [tap], classes: 3, seed: 1 });
  const features = { [tap.name]: mapsFor(tap, 4) };
  const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 0], "int32"), 3);
  const loss = () =>
    tf.losses.softmaxCrossEntropy(labels, head.forward(features, { training: true })) as tf.Scalar;
  const name = "convs.0.0.weight";
  const variable = head.variables.get(name)!;
  const gradient = tf.variableGrads(loss, [...head.variables.values()]).grads[variable.name]!;
  const length = tf.norm(gradient).dataSync()[0]!;
  const start = variable.clone();
  const lossAt = (step: number) => {
    variable.assign(tf.add(start, tf.mul(gradient, step / length)));
    return loss().dataSync()[0]!;
  };
  const step = 1e-3;
  expect((lossAt(step) - lossAt(-step)) / (2 * step) / length).toBeCloseTo(1, 2);
});

test("takes maps of any size where it pools to their mean, and only then", () => {
  const tap = tapOf({ height: 8, width: 8 });
  const other = { [tap.name]: mapsFor({ ...tap, height: 5, width: 12 }) };
  const forward = (pool: number) => {
    const spec = { channels: [4], pool };
    const head = createHead({ head: "cnn", spec, taps: [tap], classes: 3, seed: 1 });
    return head.forward(other, { training: false });
  };
  expect(forward(1).shape).toEqual([2, 3]);
  expect(() => forward(2)).toThrow(/was built for \[N, 3, 8, 8\]/);
});

test("refuses an even kernel", () => {
  const create = () => createHead({ head: "cnn", spec: { kernel: 4 }, taps: [tapOf()], classes: 3, seed: 1 });
  expect(create).toThrow(/kernel: a kernel's side is odd/);
});
