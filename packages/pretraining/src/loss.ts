/**
 * Pretraining losses on the engine, per sample, differentiable with respect to the network's output.
 *
 * ```ts
 * import { pretrainingLosses } from "@difftap/pretraining";
 *
 * const kind = { prediction: "epsilon", variance: "LEARNED_RANGE", loss: "RESCALED_MSE" };
 * const { loss } = pretrainingLosses(schedule, kind, { xStart, noise, output, coefficients });
 * ```
 *
 * Source: Ho et al. 2020; Nichol and Dhariwal 2021, section 3.1; guided-diffusion, gaussian_diffusion.py (training_losses).
 */
import { DifftapError } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { Schedule } from "@difftap/scheduler";
import type { Coefficients, LossKind } from "./coefficients.js";
import { detach } from "./detach.js";
import { predictionOf } from "./prediction.js";
import { logVarianceOf, meanOverSample, variationalBits } from "./variational.js";

export interface LossInputs {
  /** x_0 [N, C, H, W] in [−1, 1]. */
  readonly xStart: tf.Tensor;
  /** ε that x_t was made with. */
  readonly noise: tf.Tensor;
  /** The network's answer at x_t: [N, C, H, W], or [N, 2·C, H, W] where the variance is learned. */
  readonly output: tf.Tensor;
  /** At the timesteps of x_t. */
  readonly coefficients: Coefficients;
}

/** N numbers each. */
export interface PretrainingLosses {
  readonly loss: tf.Tensor1D;
  /** Mean squared error of what the network predicts, not weighted; MSE losses only. */
  readonly mse?: tf.Tensor1D;
  /** The variational term as it enters the loss, in bits per dimension; where there is one. */
  readonly vb?: tf.Tensor1D;
}

/** √ᾱ_t·x_0 + √(1 − ᾱ_t)·ε. */
export function noised({ xStart, noise, coefficients }: Omit<LossInputs, "output">): tf.Tensor {
  return tf.add(tf.mul(xStart, coefficients.signal), tf.mul(noise, coefficients.sigma));
}

/**
 * The loss of each sample of a batch. With a learned variance MSE losses add the variational term on a detached mean.
 * @throws DifftapError CONFIG_INVALID when the output has not the channels that the variance needs.
 */
export function pretrainingLosses(schedule: Schedule, kind: LossKind, inputs: LossInputs): PretrainingLosses {
  const { mean, extra } = parted(kind, inputs);
  const { signal, sigma, weight } = inputs.coefficients;
  const target = predictionOf(kind.prediction).target({ ...inputs, signal, sigma });
  const error = tf.sub(mean, target);
  if (kind.loss === "KL" || kind.loss === "RESCALED_KL") {
    const vb = bits(kind, inputs, error, extra);
    return { loss: kind.loss === "KL" ? vb : tf.mul(vb, schedule.steps), vb };
  }
  const squared = tf.square(error);
  const mse = meanOverSample(squared);
  const weighted = kind.minSnr === undefined ? mse : meanOverSample(tf.mul(squared, weight));
  if (extra === undefined) return { loss: weighted, mse };
  const scale = kind.loss === "RESCALED_MSE" ? schedule.steps / 1000 : 1;
  const vb = tf.mul(bits(kind, inputs, detach(error), extra), scale) as tf.Tensor1D;
  return { loss: tf.add(weighted, vb), mse, vb };
}

function bits(kind: LossKind, inputs: LossInputs, error: tf.Tensor, extra: tf.Tensor | undefined) {
  const { xStart, coefficients } = inputs;
  const meanError = tf.mul(error, coefficients.errorOfMean);
  const logVariance = logVarianceOf(kind, extra, coefficients);
  return variationalBits({ xStart, meanError, logVariance, coefficients });
}

function parted({ variance }: LossKind, { xStart, output }: LossInputs) {
  const learned = variance === "LEARNED" || variance === "LEARNED_RANGE";
  const channels = xStart.shape[1]!;
  const wanted = learned ? 2 * channels : channels;
  if (output.shape[1] !== wanted) {
    throw new DifftapError(
      "CONFIG_INVALID",
      `the network puts out ${output.shape[1]} channels, a variance ${variance} needs ${wanted}`,
      {
        hint: "learnSigma in the architecture goes with LEARNED_RANGE or LEARNED",
        details: { variance, wanted },
      },
    );
  }
  if (!learned) return { mean: output, extra: undefined };
  const [mean, extra] = tf.split(output, 2, 1) as [tf.Tensor, tf.Tensor];
  return { mean, extra };
}
