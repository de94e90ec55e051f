/**
 * The solved linear probe: multinomial logistic regression on standardised features, to its minimum.
 * The answer depends on nothing but features, labels and l2: no learning rate, no order, no seed.
 *
 * ```ts
 * import { predictions, probeLogits, solvedLinearProbe } from "@difftap/metrics";
 *
 * const model = await solvedLinearProbe({ features, labels, classes: 10, l2: 0.003 });
 * const predicted = predictions(await probeLogits(model, testFeatures));
 * ```
 */
import { DifftapError, type LongWork } from "@difftap/core";
import {
  checkClasses,
  checkLabelCount,
  checkLabelRange,
  checkSeveralClasses,
  type Matrix,
  matrixSize,
} from "../inputs.js";
import type { Minimum } from "./lbfgs.js";
import { openSolver, type Solver } from "./solver.js";
import { columnMoments, type Moments, standardise } from "./standardise.js";

export interface TrainingSet {
  /** [n, d], not standardised. */
  readonly features: Matrix;
  /** n classes, counted from 0. */
  readonly labels: Int32Array;
  readonly classes: number;
}

export interface SolverSettings {
  /** Euclidean norm of the gradient at which it is solved; 1e-8 unless given. */
  readonly tolerance?: number;
  /** 10,000 unless given. */
  readonly maxIterations?: number;
  /** Threads of ONNX Runtime; its own choice unless given. */
  readonly threads?: number;
}

export interface SolvedProbeOptions extends TrainingSet, SolverSettings, LongWork {
  /** λ of λ‖W‖²/2 beside the mean loss. The bias is free. */
  readonly l2: number;
}

export interface SolvedProbe extends Moments {
  /** [classes, dimensions], on standardised features. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly classes: number;
  readonly dimensions: number;
  readonly l2: number;
  /** Mean loss + λ‖W‖²/2 at the solution. */
  readonly loss: number;
  readonly iterations: number;
  readonly evaluations: number;
  /** Reached Euclidean norm of the gradient. */
  readonly gradientNorm: number;
}

/** A training set, standardised and handed to a worker, ready for any number of solutions. */
export interface PreparedProbe {
  solve(l2: number, start?: SolvedProbe): Promise<SolvedProbe>;
  close(): Promise<void>;
}

const DEFAULT_TOLERANCE = 1e-8;
const DEFAULT_MAX_ITERATIONS = 10_000;

/**
 * Solves one probe. Works in a thread of its own; holds the features once more, as float64.
 * @throws DifftapError LABELS_MISMATCH, USAGE_INVALID; NUMERIC for values that are not finite (row and column named)
 * and when the tolerance is not reached; INTERRUPTED.
 */
export async function solvedLinearProbe(options: SolvedProbeOptions): Promise<SolvedProbe> {
  checkL2(options.l2);
  const prepared = await prepareProbe(options);
  try {
    return await prepared.solve(options.l2);
  } finally {
    await prepared.close();
  }
}

/** Standardises once for several values of l2. The caller closes it. */
export async function prepareProbe(options: TrainingSet & SolverSettings & LongWork): Promise<PreparedProbe> {
  const { features, classes, signal, threads = 0 } = options;
  const { rows, columns: dimensions } = checkTrainingSet(options);
  const moments = await columnMoments(features, signal);
  const standardised = await standardise(features, moments, signal);
  const solver = openSolver({
    features: standardised,
    labels: options.labels.slice(),
    size: { rows, dimensions, classes },
    threads,
  });
  return {
    solve: (l2, start) => solveOne(solver, moments, { ...options, l2 }, start),
    close: () => solver.close(),
  };
}

function checkTrainingSet({ features, labels, classes }: TrainingSet): { rows: number; columns: number } {
  const size = matrixSize(features, "features");
  checkClasses(classes);
  checkLabelCount(labels, size.rows, "features");
  checkLabelRange(labels, classes, "labels");
  checkSeveralClasses(labels, "labels");
  return size;
}

/** @throws DifftapError USAGE_INVALID for a negative or infinite l2. */
export function checkL2(l2: number): void {
  if (Number.isFinite(l2) && l2 >= 0) return;
  throw new DifftapError("USAGE_INVALID", `l2 is ${l2}`, { hint: "l2 is a finite number of at least 0" });
}

async function solveOne(
  solver: Solver,
  moments: Moments,
  options: SolvedProbeOptions,
  start: SolvedProbe | undefined,
): Promise<SolvedProbe> {
  const { l2, classes, tolerance = DEFAULT_TOLERANCE, maxIterations = DEFAULT_MAX_ITERATIONS } = options;
  const request = { l2, tolerance, maxIterations, ...(start && { start: joined(start) }) };
  const minimum = await solver.solve(request, {
    signal: options.signal,
    onIteration: (done, norm) =>
      options.onProgress?.({
        task: `probe, l2 ${l2}`,
        done,
        unit: "iterations",
        message: `gradient norm ${norm.toExponential(1)}`,
      }),
  });
  if (minimum.ended !== "converged") throw notConverged(minimum, tolerance, l2);
  const dimensions = moments.mean.length;
  return {
    ...moments,
    weights: minimum.point.slice(0, classes * dimensions),
    bias: minimum.point.slice(classes * dimensions),
    classes,
    dimensions,
    l2,
    loss: minimum.value,
    iterations: minimum.iterations,
    evaluations: minimum.evaluations,
    gradientNorm: minimum.gradientNorm,
  };
}

function joined({ weights, bias }: SolvedProbe): Float64Array {
  const point = new Float64Array(weights.length + bias.length);
  point.set(weights);
  point.set(bias, weights.length);
  return point;
}

function notConverged(
  { ended, gradientNorm, iterations }: Minimum,
  tolerance: number,
  l2: number,
): DifftapError {
  const reason =
    ended === "iterations"
      ? `${iterations} iterations were not enough`
      : `after ${iterations} iterations no step lowers the loss by more than double precision rounds it`;
  return new DifftapError(
    "NUMERIC",
    `the probe (l2 ${l2}) stopped at gradient norm ${gradientNorm.toExponential(2)}, above ${tolerance}: ${reason}`,
    {
      hint: "raise l2, raise the tolerance, or allow more iterations",
      details: { gradientNorm, iterations, tolerance, l2, ended },
    },
  );
}
