/**
 * L-BFGS in double precision, with a preconditioner as the initial inverse Hessian.
 * Source: Nocedal and Wright, "Numerical optimization", 2nd ed., algorithms 7.4 and 7.5.
 */
import { searchStep, type Trial } from "./line-search.js";

/** Writes the gradient at `point` into `gradient` and gives the value. */
export type Objective = (point: Float64Array, gradient: Float64Array) => Promise<number>;

export interface MinimizeOptions {
  /** Euclidean norm of the gradient to stop at. */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Steps remembered. */
  readonly memory?: number;
  /** Multiplies a vector by an approximate inverse Hessian (symmetric, positive definite), in place. */
  readonly precondition?: (vector: Float64Array) => void;
  readonly onIteration?: (iteration: number, value: number, gradientNorm: number) => void;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly evaluations: number;
  /** Why it ended: tolerance reached, iterations used up, or no step changes the value any more. */
  readonly ended: "converged" | "iterations" | "stalled";
}

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** 1 / step·change */
  readonly inverse: number;
}

const DEFAULT_MEMORY = 20;
/** A pair whose curvature is lost in rounding would spoil the next direction. */
const LEAST_CURVATURE = 1e-14;

interface Iterate {
  readonly point: Float64Array;
  readonly gradient: Float64Array;
  readonly value: number;
}

/** Minimises a smooth function from `start`. */
export async function minimize(
  objective: Objective,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  const { tolerance, maxIterations, memory = DEFAULT_MEMORY } = options;
  let evaluations = 0;
  const counted: Objective = (point, gradient) => {
    evaluations += 1;
    return objective(point, gradient);
  };
  const pairs: Pair[] = [];
  const gradient = new Float64Array(start.length);
  let at: Iterate = { point: start.slice(), value: await counted(start, gradient), gradient };
  for (let iterations = 0; ; iterations++) {
    const gradientNorm = norm(at.gradient);
    const end = (ended: Minimum["ended"]): Minimum => {
      return { point: at.point, value: at.value, gradientNorm, iterations, evaluations, ended };
    };
    options.onIteration?.(iterations, at.value, gradientNorm);
    if (gradientNorm <= tolerance) return end("converged");
    if (iterations >= maxIterations) return end("iterations");
    const next = await takeStep(counted, at, pairs, options.precondition);
    if (next) {
      remember(pairs, memory, subtract(next.point, at.point), subtract(next.gradient, at.gradient));
      at = next;
    } else {
      if (pairs.length === 0) return end("stalled");
      // What was remembered may mislead: once more without it before giving up.
      pairs.length = 0;
    }
  }
}

/** The next iterate; undefined when no step length is acceptable. */
async function takeStep(
  objective: Objective,
  at: Iterate,
  pairs: readonly Pair[],
  precondition: MinimizeOptions["precondition"],
): Promise<Iterate | undefined> {
  const direction = descentDirection(at.gradient, pairs, precondition);
  const point = new Float64Array(at.point.length);
  const gradient = new Float64Array(at.point.length);
  const evaluate = async (step: number): Promise<Trial> => {
    addScaled(point, at.point, step, direction);
    const value = await objective(point, gradient);
    return { step, value, slope: dot(gradient, direction) };
  };
  const origin: Trial = { step: 0, value: at.value, slope: dot(at.gradient, direction) };
  const first = pairs.length > 0 || precondition ? 1 : Math.min(1, 1 / norm(at.gradient));
  const found = await searchStep(evaluate, origin, first);
  // An accepted trial is the last one evaluated, so point and gradient are its own.
  return found && { point, gradient, value: found.value };
}

/** −H·gradient by the two loops of algorithm 7.4. */
function descentDirection(
  gradient: Float64Array,
  pairs: readonly Pair[],
  precondition: MinimizeOptions["precondition"],
): Float64Array {
  const direction = gradient.map((each) => -each);
  const weights = new Float64Array(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { step, change, inverse } = pairs[i]!;
    weights[i] = inverse * dot(step, direction);
    addScaled(direction, direction, -weights[i]!, change);
  }
  applyInitial(direction, pairs.at(-1), precondition);
  pairs.forEach(({ step, change, inverse }, i) => {
    addScaled(direction, direction, weights[i]! - inverse * dot(change, direction), step);
  });
  return direction;
}

/** H₀ = the preconditioner, scaled so that it fits the newest pair (equation 7.20). */
function applyInitial(
  vector: Float64Array,
  newest: Pair | undefined,
  precondition: MinimizeOptions["precondition"],
): void {
  precondition?.(vector);
  if (!newest) return;
  const conditioned = newest.change.slice();
  precondition?.(conditioned);
  const scale = 1 / (newest.inverse * dot(newest.change, conditioned));
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
}

function remember(pairs: Pair[], memory: number, step: Float64Array, change: Float64Array): void {
  const curvature = dot(step, change);
  if (!(curvature > LEAST_CURVATURE * norm(step) * norm(change))) return;
  pairs.push({ step, change, inverse: 1 / curvature });
  if (pairs.length > memory) pairs.shift();
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((each, i) => each - b[i]!);
}

/** out = base + scale·vector; `out` may be `base`. */
function addScaled(out: Float64Array, base: Float64Array, scale: number, vector: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = base[i]! + scale * vector[i]!;
}
