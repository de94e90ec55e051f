/** Chooses l2 on a validation split. */
import { DifftapError } from "@difftap/core";
import { type Accuracy, topK } from "../accuracy.js";
import { checkLabelCount, checkLabelRange, type Matrix, matrixSize } from "../inputs.js";
import { probeLogits } from "./logits.js";
import { checkL2, prepareProbe, type SolvedProbe, type SolvedProbeOptions } from "./solved.js";

export interface SweepOptions extends Omit<SolvedProbeOptions, "l2"> {
  readonly validation: { readonly features: Matrix; readonly labels: Int32Array };
  /** Values to try, in any order; `defaultL2Values` unless given. */
  readonly l2?: readonly number[];
}

export interface SweepPoint extends Accuracy {
  readonly l2: number;
  readonly iterations: number;
}

export interface Sweep {
  /** Validation accuracy of each value, from the largest l2 to the smallest. */
  readonly points: readonly SweepPoint[];
  /** The best on the validation split; of equal ones that with the largest l2. */
  readonly best: SolvedProbe;
}

/** Half decades around what features of standardised dimensions want. */
export const defaultL2Values: readonly number[] = [0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001];

/**
 * Solves the probe for every l2, each started from its larger neighbour's solution, and keeps the best.
 * @throws DifftapError as `solvedLinearProbe`; USAGE_INVALID without values.
 */
export async function sweepL2(options: SweepOptions): Promise<Sweep> {
  const values = [...new Set(options.l2 ?? defaultL2Values)].sort((a, b) => b - a);
  if (values.length === 0) throw new DifftapError("USAGE_INVALID", "a sweep needs at least one value of l2");
  for (const value of values) checkL2(value);
  const { validation, classes } = options;
  checkLabelCount(validation.labels, matrixSize(validation.features, "validation").rows, "validation");
  checkLabelRange(validation.labels, classes, "validation");
  const prepared = await prepareProbe(options);
  try {
    return await solveEach(values, options, prepared);
  } finally {
    await prepared.close();
  }
}

async function solveEach(
  values: readonly number[],
  { validation, signal }: SweepOptions,
  prepared: Awaited<ReturnType<typeof prepareProbe>>,
): Promise<Sweep> {
  const points: SweepPoint[] = [];
  let previous: SolvedProbe | undefined;
  let best: { model: SolvedProbe; correct: number } | undefined;
  for (const l2 of values) {
    const model: SolvedProbe = await prepared.solve(l2, previous);
    const accuracy = topK(await probeLogits(model, validation.features, { signal }), validation.labels, 1);
    points.push({ l2, iterations: model.iterations, ...accuracy });
    if (!best || accuracy.correct > best.correct) best = { model, correct: accuracy.correct };
    previous = model;
  }
  return { points, best: best!.model };
}
