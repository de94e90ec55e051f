/** Losses at drawn timesteps: what the network is fed belongs together, and an address names it for good. */
import { normals } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { createSchedule } from "@difftap/scheduler";
import { beforeAll, expect, test } from "vitest";
import { type DrawnLosses, drawnLosses } from "../src/index.js";

const schedule = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });
const kind = { prediction: "epsilon", variance: "FIXED_LARGE", loss: "MSE" } as const;
const options = { training: false, dropoutAddress: { seed: 0, index: 0 } };
const shape = [5, 3, 4, 4];
const images = normals({ seed: 2, stream: 1 }, 5 * 48);

interface Seen {
  readonly losses: number[];
  readonly timesteps: number[];
}

/** Losses of a network that answers as `answer` says. */
function lossesOf(step: number, answer: (x: tf.Tensor, timesteps: number[]) => tf.Tensor): Seen {
  const timesteps: number[] = [];
  const forward: DrawnLosses["model"]["forward"] = ({ x, timesteps: fed }) => {
    timesteps.push(...fed.dataSync());
    return answer(x, timesteps);
  };
  const losses = tf.tidy(() => {
    const xStart = tf.tensor(images, shape);
    const address = { seed: 7, step };
    return [...drawnLosses({ model: { forward }, schedule, kind, xStart, address, options }).loss.dataSync()];
  });
  return { losses, timesteps };
}

/** The noise in x_t, from the images that it hides. */
function truth(x: tf.Tensor, timesteps: number[]): tf.Tensor {
  const column = (of: Float64Array) =>
    tf.tensor(
      timesteps.map((t) => of[t]!),
      [5, 1, 1, 1],
    );
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule;
  const signal = tf.mul(tf.tensor(images, shape), column(sqrtAlphasCumprod));
  return tf.div(tf.sub(x, signal), column(sqrtOneMinusAlphasCumprod));
}

beforeAll(async () => {
  await selectEngine("cpu");
});

test("x_t is made of the images and the noise at the timesteps that the network is fed", () => {
  const { losses, timesteps } = lossesOf(0, truth);
  expect(new Set(timesteps).size).toBe(5);
  for (const loss of losses) expect(loss).toBeLessThan(1e-6);
  for (const loss of lossesOf(0, tf.zerosLike).losses) expect(loss).toBeGreaterThan(0.5);
});

test("an address names timesteps and noise", () => {
  const first = lossesOf(3, tf.zerosLike);
  expect(lossesOf(3, tf.zerosLike)).toEqual(first);
  const other = lossesOf(4, tf.zerosLike);
  expect(other.timesteps).not.toEqual(first.timesteps);
  expect(other.losses).not.toEqual(first.losses);
});
