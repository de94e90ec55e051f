/** What happens within a step, each part against its formula. */
import { ndarray } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { beforeAll, describe, expect, test } from "vitest";
import { createAverage } from "../src/average.js";
import { crossEntropy, engineBatch } from "../src/batch.js";
import { betaSample } from "../src/beta.js";
import { clipByGlobalNorm } from "../src/clip.js";
import { drawMixing } from "../src/mixup.js";
import { readVariables } from "../src/variables.js";
import { judge, judgeIsMissing, judgeNote } from "./judge.js";

beforeAll(async () => {
  await selectEngine("cpu");
});

const logits = [
  [2, -1, 0.5, 0],
  [0.1, 0.2, -3, 1],
  [-1, 4, 0, 2],
];
const labels = Int32Array.of(0, 3, 2);
const x = ndarray("float32", [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));

function lossOf(smoothing: number): number {
  return tf.tidy(() => {
    const batch = engineBatch({ features: { x }, labels }, undefined);
    return crossEntropy(tf.tensor2d(logits), batch.targets(4, smoothing)).dataSync()[0]!;
  });
}

describe("label smoothing", () => {
  test("is cross-entropy against (1−s)·one-hot + s/classes", () => {
    const losses = logits.map((row, i) => {
      const total = Math.log(row.reduce((sum, each) => sum + Math.exp(each), 0));
      return row.reduce((sum, each, k) => sum + ((k === labels[i] ? 0.9 : 0) + 0.1 / 4) * (total - each), 0);
    });
    expect(lossOf(0.1)).toBeCloseTo(losses.reduce((sum, each) => sum + each, 0) / 3, 6);
  });

  test.skipIf(judgeIsMissing)(`is PyTorch's${judgeNote}`, () => {
    const script = `
import torch
loss = lambda s: torch.nn.functional.cross_entropy(torch.tensor(given["logits"]), torch.tensor(given["labels"]), label_smoothing=s).item()
print(json.dumps([loss(s) for s in given["smoothings"]]))`;
    const smoothings = [0, 0.1, 0.7];
    const losses = judge(script, { logits, labels: [...labels], smoothings }) as number[];
    smoothings.forEach((smoothing, i) => {
      expect(lossOf(smoothing)).toBeCloseTo(losses[i]!, 6);
    });
  });
});

describe("mixup", () => {
  test("blends features and targets of partners by the same share", () => {
    tf.tidy(() => {
      const mixing = { share: 0.7, partners: Int32Array.of(1, 2, 0) };
      const batch = engineBatch({ features: { x }, labels }, mixing);
      const expected = [1.6, 2.6, 3.6, 4.6, 3.8, 4.8];
      Array.from(batch.features.x!.dataSync()).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 6);
      });
      const targets = [0.7, 0, 0, 0.3, 0, 0, 0.3, 0.7, 0.3, 0, 0.7, 0];
      Array.from(batch.targets(4, 0).dataSync()).forEach((value, i) => {
        expect(value).toBeCloseTo(targets[i]!, 6);
      });
    });
  });

  test("is drawn by seed and step", () => {
    const first = drawMixing(0.4, { seed: 1, step: 5 }, 8);
    expect(drawMixing(0.4, { seed: 1, step: 5 }, 8)).toEqual(first);
    expect(drawMixing(0.4, { seed: 1, step: 6 }, 8).share).not.toBe(first.share);
    expect(drawMixing(0.4, { seed: 2, step: 5 }, 8).share).not.toBe(first.share);
    expect([...first.partners].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test.each([0.05, 0.2, 1, 3])(
    "has shares of the symmetric Beta distribution of %d: mean, variance, fourth moment",
    (alpha) => {
      const count = 20_000;
      const draws = Array.from({ length: count }, (_, index) =>
        betaSample(alpha, { seed: 1, stream: 1, index }),
      );
      const moment = (power: number) => draws.reduce((sum, each) => sum + (each - 0.5) ** power, 0) / count;
      const variance = 1 / (4 * (2 * alpha + 1));
      // Kurtosis of the symmetric Beta distribution: 3 − 6/(2α+3).
      const fourth = (3 - 6 / (2 * alpha + 3)) * variance ** 2;
      expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(variance / count));
      expect(Math.abs(moment(2) / variance - 1)).toBeLessThan(0.04);
      expect(Math.abs(moment(4) / fourth - 1)).toBeLessThan(0.08);
      expect(draws.every((each) => each >= 0 && each <= 1)).toBe(true);
    },
  );
});

describe("clipping by global norm", () => {
  const gradients = { a: [3, 0, 0, 4], b: [12] };

  test.each([
    [6.5, 6.5 / (13 + 1e-6)],
    [13, 13 / (13 + 1e-6)],
    [20, 1],
  ])("to %d multiplies gradients of norm 13 by %d", (limit, factor) => {
    tf.tidy(() => {
      const given = Object.entries(gradients).map(([name, values]) => [name, tf.tensor1d(values)] as const);
      const { gradients: clipped, norm } = clipByGlobalNorm(new Map(given), limit);
      expect(norm.dataSync()[0]).toBeCloseTo(13, 5);
      for (const [name, values] of Object.entries(gradients)) {
        Array.from(clipped.get(name)!.dataSync()).forEach((value, i) => {
          expect(value).toBeCloseTo(values[i]! * factor, 5);
        });
      }
    });
  });

  test.skipIf(judgeIsMissing)(`is PyTorch's${judgeNote}`, () => {
    const script = `
import torch
params = [torch.nn.Parameter(torch.zeros(len(g))) for g in given["gradients"]]
for p, g in zip(params, given["gradients"]): p.grad = torch.tensor(g, dtype=torch.float32)
norm = torch.nn.utils.clip_grad_norm_(params, 6.5).item()
print(json.dumps([norm, *[p.grad.tolist() for p in params]]))`;
    const [norm, ...clipped] = judge(script, { gradients: Object.values(gradients) }) as [
      number,
      ...number[][],
    ];
    tf.tidy(() => {
      const given = Object.entries(gradients).map(([name, values]) => [name, tf.tensor1d(values)] as const);
      const found = clipByGlobalNorm(new Map(given), 6.5);
      expect(found.norm.dataSync()[0]).toBeCloseTo(norm, 6);
      [...found.gradients.values()].forEach((gradient, i) => {
        gradient.dataSync().forEach((value, j) => {
          expect(value).toBeCloseTo(clipped[i]![j]!, 6);
        });
      });
    });
  });
});

describe("the average of weights", () => {
  test.each([
    ["without warm-up", false],
    ["with warm-up", true],
  ])("%s follows its formula, and trades places with the weights", async (_, warmUp) => {
    const weight = tf.variable(tf.tensor1d([1, -2]));
    const average = createAverage(new Map([["w", weight]]), { decay: 0.6, warmUp });
    let expected = [1, -2];
    for (let step = 1; step <= 9; step++) {
      tf.tidy(() => weight.assign(tf.tensor1d([step, step * step])));
      tf.tidy(() => average.update(step));
      const decay = warmUp ? Math.min(0.6, (1 + step) / (10 + step)) : 0.6;
      expected = [step, step * step].map((value, i) => decay * expected[i]! + (1 - decay) * value);
    }
    const held = tf.memory().numTensors;
    const back = average.swapIn();
    weight.dataSync().forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
    back();
    expect(Array.from(weight.dataSync())).toEqual([9, 81]);
    expect(tf.memory().numTensors).toBe(held);
    average.adopt();
    expect(weight.dataSync()).toEqual((await readVariables(average.state)).w!.data);
    average.dispose();
    weight.dispose();
  });
});
