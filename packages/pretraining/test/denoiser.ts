/** A small convolutional denoiser, its pictures and a recipe. */
import { ndarray, normals } from "@difftap/core";
import { tf } from "@difftap/engine";
import { createSchedule } from "@difftap/scheduler";
import { type Denoiser, memoryImages, type PretrainingRecipe } from "../src/index.js";

export const schedule = createSchedule({ steps: 50, schedule: "cosine", rescaleTimesteps: false });
export const SIZE = 8;
const WIDTH = 16;
const KERNEL = 3;

export interface TestDenoiser extends Denoiser {
  weights(): number[];
  dispose(): void;
}

/** conv 3×3 → plus a learned shift by t → SiLU → conv 3×3, in NCHW outside. */
export function denoiser(outputs: 3 | 6 = 6): TestDenoiser {
  const variable = (index: number, shape: number[], scale: number) => {
    const values = normals(
      { seed: 5, stream: 4, index },
      shape.reduce((a, b) => a * b, 1),
    );
    return tf.tidy(() =>
      tf.variable(
        tf.tensor(
          values.map((value) => value * scale),
          shape,
        ),
      ),
    );
  };
  const variables = new Map([
    ["in.weight", variable(0, [KERNEL, KERNEL, 3, WIDTH], 0.2)],
    ["time.weight", variable(1, [2, WIDTH], 0.2)],
    ["out.weight", variable(2, [KERNEL, KERNEL, WIDTH, outputs], 0.05)],
    ["out.bias", variable(3, [outputs], 0.01)],
  ]);
  const of = (name: string) => variables.get(name)!;
  return {
    variables,
    classes: null,
    description: { outputs },
    forward({ x, timesteps }) {
      const time = tf.div(tf.reshape(timesteps, [-1, 1]), 25);
      const shift = tf.matMul(
        tf.concat([time, tf.onesLike(time)], 1) as tf.Tensor2D,
        of("time.weight") as tf.Tensor2D,
      );
      const last = tf.transpose(x, [0, 2, 3, 1]) as tf.Tensor4D;
      const hidden = tf.add(
        tf.conv2d(last, of("in.weight") as tf.Tensor4D, 1, "same"),
        tf.reshape(shift, [-1, 1, 1, WIDTH]),
      );
      const active = tf.mul(hidden, tf.sigmoid(hidden)) as tf.Tensor4D;
      const out = tf.add(tf.conv2d(active, of("out.weight") as tf.Tensor4D, 1, "same"), of("out.bias"));
      return tf.transpose(out, [0, 3, 1, 2]);
    },
    weights: () => [...variables.values()].flatMap((each) => [...each.dataSync()]),
    dispose: () => tf.dispose([...variables.values()]),
  };
}

/** Pictures of one colour and one bar each. */
export function pictures(n: number) {
  const images = ndarray("uint8", [n, 3, SIZE, SIZE]);
  images.data.forEach((_, at) => {
    const [picture, channel, x] = [
      Math.floor(at / (3 * SIZE * SIZE)),
      Math.floor(at / (SIZE * SIZE)) % 3,
      at % SIZE,
    ];
    images.data[at] = channel === picture % 3 || x === picture % SIZE ? 220 : 40;
  });
  return memoryImages(
    images,
    Int32Array.from({ length: n }, (_, i) => i % 3),
  );
}

export const recipe = {
  loss: "RESCALED_MSE",
  optimizer: { kind: "adamw", weightDecay: 0 },
  learningRate: 2e-3,
  schedule: { kind: "linear", final: 0.02 },
  warmUp: { steps: 2 },
  clipNorm: 1,
  ema: [
    { decay: 0.9, warmUp: true },
    { decay: 0.5, warmUp: false },
  ],
  timesteps: "loss-second-moment",
  duration: { steps: 12 },
  batch: 4,
  seed: 3,
} as const satisfies PretrainingRecipe;
