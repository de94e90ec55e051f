/**
 * Pairs of standard normal numbers from pairs of 32-bit words (Box and Muller, 1958), in float64.
 *
 * Logarithm, sine and cosine are written out here, not taken from `Math`: JavaScript engines may differ in the last bit of those,
 * and noise has to be the same on every machine. Only + − × ÷ and √ are used, which IEEE 754 rounds exactly; being inlined
 * they are faster too. Errors are below 5e-16 (relative for the logarithm).
 */

const UNIT = 2 ** -32;
const LN_2 = Math.LN2;

/** ln((word + 1) / 2^32), the argument in (0, 1], so that the result is finite. */
export function logOfUnit(word: number): number {
  const value = word + 1;
  // value = mantissa · 2^exponent, with the mantissa in [0.75, 1.5).
  let exponent = 32 - (word === 0xffffffff ? -1 : Math.clz32(value));
  let mantissa = value * POWERS[exponent]!;
  if (mantissa < 0.75) {
    mantissa *= 2;
    exponent--;
  }
  // ln m = 2·artanh(s), s = (m − 1)/(m + 1), |s| ≤ 0.2.
  const s = (mantissa - 1) / (mantissa + 1);
  return 2 * s * artanhSeries(s * s) + (exponent - 32) * LN_2;
}

/** 2^−e for e = 0 … 33. */
const POWERS = Float64Array.from({ length: 34 }, (_, exponent) => 2 ** -exponent);

/** 1 + q/3 + q²/5 + …, q ≤ 0.04: the first term left out is below 1e-17. */
function artanhSeries(q: number): number {
  const high = 1 / 15 + q * (1 / 17 + q * (1 / 19 + q * (1 / 21 + q * (1 / 23))));
  return 1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * high))))));
}

/** sin x for |x| ≤ π/4, q = x²: Taylor's series, the first term left out below 1e-17. */
function sine(x: number, q: number): number {
  const high = -1 / 39916800 + q * (1 / 6227020800 - q * (1 / 1307674368000));
  return x + x * q * (-1 / 6 + q * (1 / 120 + q * (-1 / 5040 + q * (1 / 362880 + q * high))));
}

/** cos x for |x| ≤ π/4, q = x². */
function cosine(q: number): number {
  const high = 1 / 479001600 - q * (1 / 87178291200 - q * (1 / 20922789888000));
  return 1 + q * (-1 / 2 + q * (1 / 24 + q * (-1 / 720 + q * (1 / 40320 + q * (-1 / 3628800 + q * high)))));
}

/**
 * Fills `out[offset … offset + length)` from `words`, two words for two numbers.
 * Number 2k is r·cos φ and number 2k + 1 is r·sin φ, with r = √(−2 ln((w_2k + 1)/2^32)) and φ = 2π·w_(2k+1)/2^32.
 */
export function boxMuller(words: Uint32Array, out: Float32Array, offset: number, length: number): void {
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * logOfUnit(words[i]!));
    const turn = words[i + 1]!;
    // The nearest quarter turn, and the rest of the angle in [−π/4, π/4).
    const quarter = ((turn >>> 29) + 1) >>> 1;
    const x = (turn - quarter * 0x40000000) * (2 * Math.PI * UNIT);
    const q = x * x;
    const along = cosine(q);
    const across = sine(x, q);
    const odd = (quarter & 1) === 1;
    const cos = odd ? -across : along;
    const sin = odd ? along : across;
    const sign = (quarter & 2) === 2 ? -radius : radius;
    out[offset + i] = sign * cos;
    if (i + 1 < length) out[offset + i + 1] = sign * sin;
  }
}
