/** A number from the symmetric Beta distribution, by address. */
import { type RandomAddress, uniforms } from "@difftap/core";

/**
 * One draw of Beta(α, α), in [0, 1]: x / (x + y) for two draws of Gamma(α), joined as logarithms because small α underflow.
 * The same address gives the same number.
 */
export function betaSample(alpha: number, address: RandomAddress): number {
  const numbers = sequence(address);
  const difference = logGamma(alpha, numbers) - logGamma(alpha, numbers);
  return 1 / (1 + Math.exp(-difference));
}

type Numbers = Iterator<number, never>;

/** The uniform numbers of an address one by one, in [0, 1). */
function* sequence(address: RandomAddress): Generator<number, never> {
  let used = 0;
  for (let count = 16; ; count *= 2) {
    const numbers = uniforms(address, count);
    while (used < count) yield numbers[used++]!;
  }
}

/** Logarithm of a draw of Gamma(α). Source: Marsaglia and Tsang, "A simple method for generating gamma variables", 2000. */
function logGamma(alpha: number, numbers: Numbers): number {
  if (alpha < 1) return logGamma(alpha + 1, numbers) + Math.log(1 - numbers.next().value) / alpha;
  const d = alpha - 1 / 3;
  for (;;) {
    const x = normal(numbers);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    const u = 1 - numbers.next().value;
    if (v > 0 && Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

/** Box–Muller. */
function normal(numbers: Numbers): number {
  const radius = Math.sqrt(-2 * Math.log(1 - numbers.next().value));
  return radius * Math.cos(2 * Math.PI * numbers.next().value);
}
