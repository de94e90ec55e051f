/**
 * Step lengths that satisfy the strong Wolfe conditions, down to the last digits of a double.
 * Near a minimum the values differ by less than their rounding, so there the test on values gives way to one on slopes
 * ("approximate Wolfe"). Source: Hager and Zhang, "A new conjugate gradient method with guaranteed descent", SIAM J. Optim. 2005.
 */

/** Value and slope along the direction at one step length. */
export interface Trial {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
/** Relative size of a difference of values that rounding alone can make. */
const VALUE_ROUNDING = 1e-13;
/** A bracket halves at least every second trial, so this many reach the spacing of doubles. */
const MAX_TRIALS = 60;
const EXTRAPOLATION = { least: 2, most: 10 } as const;
/** A trial keeps this share of the bracket's width away from its ends. */
const MARGIN = 0.1;

/**
 * Searches along a descent direction. `evaluate` is asked for a trial at a step length; `start` is the trial at 0.
 * Gives undefined when no step is acceptable: the values no longer tell better from worse.
 */
export async function searchStep(
  evaluate: (step: number) => Promise<Trial>,
  start: Trial,
  first: number,
): Promise<Trial | undefined> {
  let low = start;
  let high: Trial | undefined;
  let step = first;
  for (let trials = 0; trials < MAX_TRIALS; trials++) {
    const trial = await evaluate(step);
    if (accepted(trial, start)) return trial;
    if (beyond(trial, start)) high = trial;
    else low = trial;
    const next = high ? inside(low, high, trials % 2 === 1) : outward(low, start);
    if (next === step || !Number.isFinite(next)) return undefined;
    step = next;
  }
  return undefined;
}

function accepted(trial: Trial, start: Trial): boolean {
  if (!Number.isFinite(trial.value)) return false;
  const flatEnough = Math.abs(trial.slope) <= -CURVATURE * start.slope;
  if (!flatEnough) return false;
  if (trial.value <= start.value + SUFFICIENT_DECREASE * trial.step * start.slope) return true;
  const sameButForRounding = trial.value <= start.value + VALUE_ROUNDING * Math.abs(start.value);
  return sameButForRounding && trial.slope <= (2 * SUFFICIENT_DECREASE - 1) * start.slope;
}

/** Whether a minimum lies before this trial. */
function beyond(trial: Trial, start: Trial): boolean {
  if (!Number.isFinite(trial.value) || trial.slope >= 0) return true;
  return trial.value > start.value + VALUE_ROUNDING * Math.abs(start.value);
}

/** Where the slope would be zero if it were linear between the ends; the middle where that says nothing. */
function inside(low: Trial, high: Trial, halve: boolean): number {
  const width = high.step - low.step;
  const usable = !halve && Number.isFinite(high.slope) && high.slope > 0;
  const share = usable ? low.slope / (low.slope - high.slope) : 0.5;
  return low.step + width * Math.min(1 - MARGIN, Math.max(MARGIN, share));
}

function outward(low: Trial, start: Trial): number {
  const secant = start.slope / (start.slope - low.slope);
  const factor = secant > 0 ? secant : EXTRAPOLATION.most;
  return low.step * Math.min(EXTRAPOLATION.most, Math.max(EXTRAPOLATION.least, factor));
}
