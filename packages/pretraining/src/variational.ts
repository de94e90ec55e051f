/**
 * The variational term of a step on the engine, in bits per dimension. Source: Nichol and Dhariwal 2021 (arXiv 2102.09672), section 3.1;
 * guided-diffusion, losses.py. Means enter by how far they are from the truth, which float32 keeps where differences of the means lose it.
 */
import { tf } from "@difftap/engine";
import type { Coefficients, LossKind } from "./coefficients.js";

/** Half the distance between neighbouring levels of an 8-bit image in [−1, 1]. */
const HALF_BIN = 1 / 255;
/** Beyond this a value is taken for black or white, whose bins reach to infinity. */
const EDGE = 0.999;
const SMALLEST_PROBABILITY = 1e-12;
/** Φ(x) ≈ (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. */
const CUBIC = 0.044715;
const SLOPE = Math.sqrt(2 / Math.PI);
/** exp of this is far beyond the smallest probability and far from overflow. */
const LARGEST_EXPONENT = 40;

export interface VariationalInputs {
  readonly xStart: tf.Tensor;
  /** Predicted mean less true mean. */
  readonly meanError: tf.Tensor;
  /** Logarithm of the predicted variance, of xStart's shape or [N, 1, 1, 1]. */
  readonly logVariance: tf.Tensor;
  readonly coefficients: Coefficients;
}

/** [N]: KL(q(x_{t−1} | x_t, x_0) ‖ p), and at t = 0 the negative log-likelihood of the 8-bit image. */
export function variationalBits(inputs: VariationalInputs): tf.Tensor1D {
  const { first, withFirst } = inputs.coefficients;
  const divergence = meanOverSample(klNats(inputs));
  if (!withFirst) return tf.div(divergence, Math.LN2);
  const isFirst = tf.reshape(first, [first.shape[0]!]);
  const decoder = tf.mul(meanOverSample(decoderNats(inputs)), isFirst);
  return tf.div(tf.add(decoder, tf.mul(divergence, tf.sub(1, isFirst))), Math.LN2);
}

/** [N, …] → [N]. */
export function meanOverSample(values: tf.Tensor): tf.Tensor1D {
  return tf.mean(tf.reshape(values, [values.shape[0]!, -1]), 1);
}

/** Of the variance that the network or its kind says. `extra` is what the network puts out beyond its mean. */
export function logVarianceOf(
  { variance }: Pick<LossKind, "variance">,
  extra: tf.Tensor | undefined,
  { logBeta, logPosterior, first }: Coefficients,
): tf.Tensor {
  if (variance === "FIXED_SMALL") return logPosterior;
  // At t = 0 the posterior variance of t = 1 stands in for β.
  if (variance === "FIXED_LARGE")
    return tf.add(tf.mul(logBeta, tf.sub(1, first)), tf.mul(logPosterior, first));
  if (variance === "LEARNED") return extra!;
  const share = tf.mul(tf.add(extra!, 1), 0.5);
  return tf.add(logPosterior, tf.mul(share, tf.sub(logBeta, logPosterior)));
}

function klNats({ meanError, logVariance, coefficients: { logPosterior } }: VariationalInputs): tf.Tensor {
  const ratio = tf.exp(tf.sub(logPosterior, logVariance));
  const distance = tf.mul(tf.square(meanError), tf.exp(tf.neg(logVariance)));
  const logRatio = tf.sub(logVariance, logPosterior);
  return tf.mul(tf.sub(tf.add(tf.add(logRatio, ratio), distance), 1), 0.5);
}

/** At t = 0 the true mean is x_0 itself. Φ(x) = 1 − Φ(−x), so that all is computed where Φ is small and float32 is fine. */
function decoderNats({ xStart, meanError, logVariance }: VariationalInputs): tf.Tensor {
  const perDeviation = tf.exp(tf.mul(logVariance, -0.5));
  const cdf = (distance: tf.Tensor) => normalCdf(tf.mul(perDeviation, distance));
  const far = tf.abs(meanError);
  const inside = tf.sub(cdf(tf.sub(HALF_BIN, far)), cdf(tf.sub(-HALF_BIN, far)));
  const black = cdf(tf.sub(HALF_BIN, meanError));
  const white = cdf(tf.add(HALF_BIN, meanError));
  const upper = tf.where(tf.greater(xStart, EDGE), white, inside);
  const probability = tf.where(tf.less(xStart, -EDGE), black, upper);
  return tf.neg(tf.log(tf.maximum(probability, SMALLEST_PROBABILITY)));
}

/** (1 + tanh u)/2 as 1/(1 + exp(−2u)), whose small values keep their digits. */
function normalCdf(x: tf.Tensor): tf.Tensor {
  const cubed = tf.mul(tf.square(x), x);
  const exponent = tf.mul(tf.add(x, tf.mul(cubed, CUBIC)), -2 * SLOPE);
  return tf.reciprocal(tf.add(tf.exp(tf.minimum(exponent, LARGEST_EXPONENT)), 1));
}
