/** BatchNorm2d with PyTorch's buffers (Ioffe and Szegedy, 2015). */
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ForwardOptions } from "../definition.js";
import { constantVariable, type Parameters } from "../parameters.js";
import { type Moments, standardise } from "./standardise.js";

/** PyTorch's defaults: how far a running statistic moves towards each batch's, and what is added to variances. */
const MOMENTUM = 0.1;
const EPSILON = 1e-5;

export interface BatchNorm extends Parameters {
  /**
   * Maps to the same shape. Training takes the batch's statistics and moves the buffers; evaluation takes the buffers.
   * @throws DifftapError CONFIG_INVALID in training when a channel has a single value, which has no variance.
   */
  forward<T extends tf.Tensor>(maps: T, options: ForwardOptions): T;
}

export interface BatchNormSize {
  readonly channels: number;
  /** 1 for [N, C, H, W], 3 for [N, H, W, C]. */
  readonly channelAxis: number;
}

/** `NAME.weight`, `NAME.bias`, and the buffers `NAME.running_mean`, `NAME.running_var`, `NAME.num_batches_tracked`. */
export function createBatchNorm(name: string, { channels, channelAxis }: BatchNormSize): BatchNorm {
  const [weight, bias] = [constantVariable([channels], 1), constantVariable([channels], 0)];
  const running = createRunning(channels);
  return {
    variables: new Map([
      [`${name}.weight`, weight],
      [`${name}.bias`, bias],
    ]),
    buffers: new Map([
      [`${name}.running_mean`, running.mean],
      [`${name}.running_var`, running.variance],
      [`${name}.num_batches_tracked`, running.batches],
    ]),
    forward<T extends tf.Tensor>(maps: T, { training }: ForwardOptions) {
      const aligned = (vector: tf.Tensor) => alongAxis(vector, maps.rank, channelAxis);
      const standardised = training
        ? standardiseBatch(name, maps, channelAxis, running)
        : tf.div(tf.sub(maps, aligned(running.mean)), tf.sqrt(tf.add(aligned(running.variance), EPSILON)));
      return tf.add(tf.mul(standardised, aligned(weight)), aligned(bias)) as T;
    },
  };
}

interface Running {
  readonly mean: tf.Variable;
  readonly variance: tf.Variable;
  readonly batches: tf.Variable;
}

function createRunning(channels: number): Running {
  return {
    mean: constantVariable([channels], 0, "buffer"),
    variance: constantVariable([channels], 1, "buffer"),
    batches: constantVariable([], 0, "buffer"),
  };
}

function standardiseBatch(name: string, maps: tf.Tensor, channelAxis: number, running: Running): tf.Tensor {
  const axes = maps.shape.map((_, axis) => axis).filter((axis) => axis !== channelAxis);
  const count = maps.size / maps.shape[channelAxis]!;
  if (count < 2) refuseSingle(name, maps.shape);
  return standardise(maps, {
    axes,
    epsilon: EPSILON,
    watch: (moments) => moveRunning(running, moments, count),
  });
}

/** The variance that is kept is the unbiased one, divided by count − 1. */
function moveRunning({ mean, variance, batches }: Running, batch: Moments, count: number): void {
  move(mean, batch.mean, 1);
  move(variance, batch.variance, count / (count - 1));
  batches.assign(tf.add(batches, 1));
}

function move(kept: tf.Variable, seen: tf.Tensor, scale: number): void {
  const step = tf.mul(tf.reshape(seen, kept.shape), MOMENTUM * scale);
  kept.assign(tf.add(tf.mul(kept, 1 - MOMENTUM), step));
}

/** A vector of channels, ready to be broadcast over the other axes. */
function alongAxis(vector: tf.Tensor, rank: number, axis: number): tf.Tensor {
  const shape: number[] = Array(rank).fill(1);
  shape[axis] = vector.size;
  return tf.reshape(vector, shape);
}

function refuseSingle(name: string, shape: readonly number[]): never {
  throw new DifftapError(
    "CONFIG_INVALID",
    `batch norm ${name} got [${shape.join(", ")}] in training: one value per channel has no variance`,
    {
      hint: "train with more than one sample per batch, on larger maps, or with layer norm",
      details: { name, shape },
    },
  );
}
