/** What the linear head and the MLP share: pool → flatten (channels, rows, columns) → fully connected layers. */
import * as tf from "@tensorflow/tfjs-core";
import type { HeadParts } from "./definition.js";
import { createPerceptron, type PerceptronSize } from "./layers/perceptron.js";
import { adaptiveAveragePool, pooledSize } from "./pooling.js";
import type { HeadTap } from "./tap.js";

export function createFlattened(
  tap: HeadTap,
  { pool, ...size }: Omit<PerceptronSize, "inputs"> & { readonly pool: number },
): HeadParts {
  const { height, width } = pooledSize(tap, pool);
  const inputs = tap.channels * height * width;
  const layers = createPerceptron({ ...size, inputs });
  return {
    variables: layers.variables,
    forward: (maps) =>
      layers.forward(tf.reshape(adaptiveAveragePool(maps.get(tap.name)!, pool), [-1, inputs])),
  };
}
