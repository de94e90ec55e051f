/**
 * What the linear head and the MLP share: pool → flatten (channels, rows, columns), images of one size after those of another → norm where
 * asked → fully connected layers.
 */
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import type { HeadParts, Maps } from "./definition.js";
import { createBatchNorm } from "./layers/batch-norm.js";
import { createPerceptron, type PerceptronSize } from "./layers/perceptron.js";
import { joinParameters } from "./parameters.js";
import { adaptiveAveragePool, pooledSize } from "./pooling.js";
import type { HeadTap } from "./tap.js";

/**
 * "batch" normalises every feature over the batch first, as linear probes of masked autoencoders do (arXiv 2111.06377, appendix A.1):
 * features of diffusion models differ much in scale, and SGD feels it. "none" is the paper's.
 */
export const featureNorm = z.enum(["none", "batch"]).default("none");

interface FlattenedSize extends Omit<PerceptronSize, "inputs"> {
  readonly pool: number;
  readonly norm: z.output<typeof featureNorm>;
}

/** @param taps of one place, one for each size of images */
export function createFlattened(taps: readonly HeadTap[], { pool, norm, ...size }: FlattenedSize): HeadParts {
  const inputs = taps.reduce((sum, tap) => sum + lengthOf(tap, pool), 0);
  const layers = createPerceptron({ ...size, inputs });
  const normalise =
    norm === "batch" ? createBatchNorm("norm", { channels: inputs, channelAxis: 1 }) : undefined;
  return {
    ...joinParameters(...(normalise ? [normalise] : []), layers),
    forward(maps, options) {
      const features = flatten(maps, taps, pool);
      return layers.forward(normalise ? normalise.forward(features, options) : features);
    },
  };
}

/** [N, features of all taps]. */
function flatten(maps: Maps, taps: readonly HeadTap[], pool: number): tf.Tensor2D {
  const parts = taps.map((tap) => {
    const pooled = adaptiveAveragePool(maps.get(tap.name)!, pool);
    return tf.reshape(pooled, [-1, lengthOf(tap, pool)]) as tf.Tensor2D;
  });
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 1);
}

function lengthOf(tap: HeadTap, pool: number): number {
  const { height, width } = pooledSize(tap, pool);
  return tap.channels * height * width;
}
