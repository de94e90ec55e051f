/**
 * A noisy classifier whose gradient with respect to the image guides sampling.
 *
 * ```ts
 * import { createTfjsClassifier } from "@difftap/backbone-tfjs";
 *
 * const classifier = await createTfjsClassifier({ architecture, weights });
 * const direction = classifier.logProbabilityGradient(x, timesteps, labels); // of x's shape
 * ```
 *
 * Source: guided-diffusion, scripts/classifier_sample.py (cond_fn); Dhariwal and Nichol, arXiv 2105.05233.
 */
import {
  type ClassifierArchitecture,
  type ClassifierInputs,
  checkClassifierWeights,
  classifier,
  classifierParameterShapes,
} from "@difftap/backbone";
import * as tf from "@tensorflow/tfjs-core";
import { channelsLast } from "./ops/layout.js";
import { groupNormScaleShift } from "./ops/shortcuts.js";
import { tfjsOps } from "./ops/tfjs-ops.js";
import { kernelsOf, readVariables, type Weights, weightSource } from "./variables.js";

export interface TfjsClassifierOptions {
  readonly architecture: ClassifierArchitecture;
  /** An open checkpoint, which stays open, or tensors by name; upcast to float32. */
  readonly weights: Weights;
}

export interface TfjsClassifier {
  readonly architecture: ClassifierArchitecture;
  /** Logits [N, classes]; x [N, 3, H, W] and timesteps [N] as the diffusion model is fed them. */
  forward(inputs: ClassifierInputs<tf.Tensor>): tf.Tensor2D;
  /** The gradient of Σ log p(label | x) with respect to x [N, 3, H, W], of its shape; labels [N]. */
  logProbabilityGradient(x: tf.Tensor, timesteps: tf.Tensor, labels: tf.Tensor): tf.Tensor4D;
  dispose(): void;
}

/**
 * Makes a frozen classifier and checks that the weights are what the architecture needs.
 * @throws DifftapError WEIGHTS_MISMATCH listing every tensor that does not fit; CHECKPOINT_REFUSED for damaged bytes.
 */
export async function createTfjsClassifier({
  architecture,
  weights,
}: TfjsClassifierOptions): Promise<TfjsClassifier> {
  const source = weightSource(weights);
  checkClassifierWeights(architecture, source);
  const variables = await readVariables(source, classifierParameterShapes(architecture).keys(), false);
  const ops = tfjsOps(kernelsOf(variables), null);
  const forward = ({ x, timesteps }: ClassifierInputs<tf.Tensor>): tf.Tensor2D =>
    tf.tidy(() => {
      const inputs = { x: channelsLast(x), timesteps };
      return classifier(ops, architecture, ops, inputs, { groupNormScaleShift }) as tf.Tensor2D;
    });
  return {
    architecture,
    forward,
    logProbabilityGradient: (x, timesteps, labels) =>
      tf.tidy(() =>
        tf.grad((images) => logProbability(forward({ x: images, timesteps }), labels))(x),
      ) as tf.Tensor4D,
    dispose() {
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

/** Summed over the samples. */
function logProbability(logits: tf.Tensor2D, labels: tf.Tensor): tf.Tensor {
  const chosen = tf.oneHot(tf.cast(labels, "int32") as tf.Tensor1D, logits.shape[1]);
  return tf.sum(tf.mul(tf.logSoftmax(logits), tf.cast(chosen, "float32")));
}
