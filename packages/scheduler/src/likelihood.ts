/** Likelihoods of the variational bound, in nats. Source: Ho et al. 2020, section 3.3; guided-diffusion, losses.py. */

/** Half the distance between neighbouring levels of an 8-bit image in [−1, 1]. */
const HALF_BIN = 1 / 255;
/** Beyond this a value is taken for black or white, whose bins reach to infinity. */
const EDGE = 0.999;
/** Probabilities are not taken to be smaller, for they are under a logarithm. */
const SMALLEST_PROBABILITY = 1e-12;

/** KL divergence between two normal distributions, from means and log variances. */
export function normalKl(mean1: number, logVariance1: number, mean2: number, logVariance2: number): number {
  const ratio = Math.exp(logVariance1 - logVariance2);
  const distance = (mean1 - mean2) ** 2 * Math.exp(-logVariance2);
  return 0.5 * (-1 + logVariance2 - logVariance1 + ratio + distance);
}

/** Φ(x) by the tanh approximation that the reference trains with. */
function approximateNormalCdf(x: number): number {
  return 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** Log probability of the 8-bit level that x in [−1, 1] stands for, under a normal distribution. */
export function discretizedGaussianLogLikelihood(x: number, mean: number, logScale: number): number {
  const perDeviation = Math.exp(-logScale);
  const below = approximateNormalCdf(perDeviation * (x - mean + HALF_BIN));
  const above = approximateNormalCdf(perDeviation * (x - mean - HALF_BIN));
  if (x < -EDGE) return logAtLeast(below);
  if (x > EDGE) return logAtLeast(1 - above);
  return logAtLeast(below - above);
}

function logAtLeast(probability: number): number {
  return Math.log(Math.max(probability, SMALLEST_PROBABILITY));
}
