/** What a network is asked to say of x_t: what the right answer is, and what an error in it does to x_0. */

import { tf } from "@difftap/engine";
import type { Schedule } from "@difftap/scheduler";
import type { ResolvedPretrainingRecipe } from "./recipe.js";

export type PredictionType = ResolvedPretrainingRecipe["prediction"];

interface Prediction {
  /** The right answer. */
  target(inputs: TargetInputs): tf.Tensor;
  /** By how much x_0, as read from the answer, is off when the answer is off by one. */
  errorOfXStart(alphaBar: number): number;
  /** Weight of the squared error that makes it one of x_0, in units of 1/SNR; min-SNR caps the SNR. */
  snrShare(snr: number): number;
  /** The noise that an answer amounts to: what samplers read. */
  epsilon(answer: number, x: number, alphaBar: number): number;
}

interface TargetInputs {
  readonly xStart: tf.Tensor;
  readonly noise: tf.Tensor;
  /** √ᾱ_t and √(1 − ᾱ_t), [N, 1, 1, 1]. */
  readonly signal: tf.Tensor;
  readonly sigma: tf.Tensor;
}

const predictionsByName: Readonly<Record<PredictionType, Prediction>> = {
  epsilon: {
    target: ({ noise }) => noise,
    errorOfXStart: (alphaBar) => -Math.sqrt(1 / alphaBar - 1),
    snrShare: (snr) => snr,
    epsilon: (answer) => answer,
  },
  x_start: {
    target: ({ xStart }) => xStart,
    errorOfXStart: () => 1,
    snrShare: () => 1,
    epsilon: (answer, x, alphaBar) => (x - Math.sqrt(alphaBar) * answer) / Math.sqrt(1 - alphaBar),
  },
  v: {
    target: ({ xStart, noise, signal, sigma }) => tf.sub(tf.mul(signal, noise), tf.mul(sigma, xStart)),
    errorOfXStart: (alphaBar) => -Math.sqrt(1 - alphaBar),
    snrShare: (snr) => snr + 1,
    epsilon: (answer, x, alphaBar) => Math.sqrt(alphaBar) * answer + Math.sqrt(1 - alphaBar) * x,
  },
};

export function predictionOf(type: PredictionType): Prediction {
  return predictionsByName[type];
}

/** Weight of the squared error at an index: min(SNR, γ) over what the prediction's own error is worth. Hang et al. 2023, section 3.4. */
export function minSnrWeight(type: PredictionType, gamma: number, alphaBar: number): number {
  const snr = alphaBar / (1 - alphaBar);
  return Math.min(snr, gamma) / predictionOf(type).snrShare(snr);
}

/** A network's answer [N, C or 2·C, …] about x_t [N, C, …] at one index, its mean part turned into ε in place. */
export function toEpsilon(
  type: PredictionType,
  answer: Float32Array,
  { x, samples, t }: { x: ArrayLike<number>; samples: number; t: number },
  { alphasCumprod }: Schedule,
): Float32Array {
  const { epsilon } = predictionOf(type);
  const [own, size] = [answer.length / samples, x.length / samples];
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < size; i++) {
      const at = sample * own + i;
      answer[at] = epsilon(answer[at]!, x[sample * size + i]!, alphasCumprod[t]!);
    }
  }
  return answer;
}
