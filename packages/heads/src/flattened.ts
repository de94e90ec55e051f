/** What the linear head and the MLP share: pool → flatten (channels, rows, columns) → norm where asked → fully connected layers. */
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import type { HeadParts } from "./definition.js";
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

export function createFlattened(tap: HeadTap, { pool, norm, ...size }: FlattenedSize): HeadParts {
  const { height, width } = pooledSize(tap, pool);
  const inputs = tap.channels * height * width;
  const layers = createPerceptron({ ...size, inputs });
  const normalise =
    norm === "batch" ? createBatchNorm("norm", { channels: inputs, channelAxis: 1 }) : undefined;
  return {
    ...joinParameters(...(normalise ? [normalise] : []), layers),
    forward(maps, options) {
      const features = tf.reshape(adaptiveAveragePool(maps.get(tap.name)!, pool), [
        -1,
        inputs,
      ]) as tf.Tensor2D;
      return layers.forward(normalise ? normalise.forward(features, options) : features);
    },
  };
}
