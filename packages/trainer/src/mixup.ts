/**
 * Mixup: each sample of a batch is blended with a partner of the same batch, features and targets alike.
 * x ← λ·x + (1−λ)·x[partner], λ from Beta(α, α), one λ per batch. Source: Zhang et al., "mixup", 2018.
 */
import { permutation, streams } from "@difftap/core";
import { tf } from "@difftap/engine";
import { betaSample } from "./beta.js";

/** Finer addresses of the augmentation stream. */
const SHARE = streams.augmentation | (1 << 8);
const PARTNERS = streams.augmentation | (2 << 8);

export interface Mixing {
  /** λ: how much of the sample itself stays. */
  readonly share: number;
  /** Row of the partner of each row. */
  readonly partners: Int32Array;
}

/** How a batch of `n` is mixed at a step: decided by seed and step alone, so that a resumed training mixes the same. */
export function drawMixing(alpha: number, address: { seed: number; step: number }, n: number): Mixing {
  const { seed, step: index } = address;
  return {
    share: betaSample(alpha, { seed, stream: SHARE, index }),
    partners: Int32Array.from(permutation({ seed, stream: PARTNERS, index }, n)),
  };
}

/** A function that blends the rows of any tensor [n, …]. It is used within the tidy that made it. */
export function mixer({ share, partners }: Mixing): <T extends tf.Tensor>(rows: T) => T {
  const [own, others] = [tf.tensor1d([share]), tf.tensor1d([1 - share])];
  const order = tf.tensor1d(partners, "int32");
  return <T extends tf.Tensor>(rows: T) =>
    tf.add(tf.mul(rows, own), tf.mul(tf.gather(rows, order), others)) as T;
}
