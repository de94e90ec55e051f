/** Divergences and likelihoods of the variational bound, in nats. Source: guided-diffusion, losses.py. */

/** Half the width of one of 256 grey levels in [−1, 1]. */
const HALF_BIN = 1 / 255;
/** Images reach from −1 to 1; beyond these edges a bin is open. */
const EDGE = 0.999;
/** Floor of probabilities before the logarithm. */
const SMALLEST_PROBABILITY = 1e-12;

/** KL divergence of two one-dimensional Gaussians. */
export function gaussianKl(mean1: number, logVariance1: number, mean2: number, logVariance2: number): number {
  const distance = (mean1 - mean2) ** 2 * Math.exp(-logVariance2);
  return 0.5 * (-1 + logVariance2 - logVariance1 + Math.exp(logVariance1 - logVariance2) + distance);
}

/** Log probability that a Gaussian gives to the grey level at `x`. */
export function discretizedGaussianLogLikelihood(x: number, mean: number, logScale: number): number {
  const inverse = Math.exp(-logScale);
  const upper = normalCdf(inverse * (x - mean + HALF_BIN));
  const lower = normalCdf(inverse * (x - mean - HALF_BIN));
  const probability = x < -EDGE ? upper : x > EDGE ? 1 - lower : upper - lower;
  return Math.log(Math.max(probability, SMALLEST_PROBABILITY));
}

/** The tanh approximation of the normal distribution function, which the published models were trained with. */
function normalCdf(x: number): number {
  return 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
