/** Round numbers for an axis. */

/** A range below this share of its values is drawn as one value: doubles have no round numbers in it. */
const SMALLEST_RANGE = 1e-9;

/** About `wanted` multiples of 1, 2 or 5 × 10ⁿ that cover low to high; the ends widen to them. */
export function axisTicks(low: number, high: number, wanted = 5): number[] {
  if (!(high - low > Math.abs(low) * SMALLEST_RANGE))
    return axisTicks(low - (Math.abs(low) * 0.1 || 1), low + (Math.abs(low) * 0.1 || 1), 2);
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}
