/** Solve a probe on training features, measure it on test features. */
import type { LongWork, NdArray } from "@difftap/core";
import { predictions, probeLogits, solvedLinearProbe, topK, wilsonInterval } from "@difftap/metrics";
import type { LabelledFeatures } from "./labelled.js";

/** Accuracies in per cent. */
export interface ProbeOutcome {
  readonly top1: number;
  /** Null with five classes or fewer. */
  readonly top5: number | null;
  /** 95 % interval of top1. */
  readonly interval: readonly [number, number];
  readonly trainTop1: number;
  readonly n: number;
  readonly iterations: number;
  readonly gradientNorm: number;
}

export interface ProbeDetail extends ProbeOutcome {
  /** [n, classes], test images. */
  readonly logits: NdArray<"float64">;
  readonly predicted: Int32Array;
}

export interface ProbeTask {
  readonly train: LabelledFeatures;
  readonly test: LabelledFeatures;
  readonly classes: number;
  readonly l2: number;
}

/** Solves and measures. @throws DifftapError as `solvedLinearProbe` */
export async function probeCell(
  { train, test, classes, l2 }: ProbeTask,
  work: LongWork = {},
): Promise<ProbeDetail> {
  const solved = await solvedLinearProbe({
    features: train.features,
    labels: train.labels,
    classes,
    l2,
    signal: work.signal,
  });
  const logits = await probeLogits(solved, test.features, { signal: work.signal });
  const trainLogits = await probeLogits(solved, train.features, { signal: work.signal });
  return {
    ...accuracyOf(logits, test.labels, classes),
    trainTop1: 100 * topK(trainLogits, train.labels, 1).accuracy,
    iterations: solved.iterations,
    gradientNorm: solved.gradientNorm,
    logits,
    predicted: predictions(logits),
  };
}

/** Top-1 with its interval, and top-5, in per cent. */
export function accuracyOf(logits: NdArray<"float64">, labels: Int32Array, classes: number) {
  const { correct, n, accuracy } = topK(logits, labels, 1);
  const [low, high] = wilsonInterval(correct, n);
  const interval: readonly [number, number] = [100 * low, 100 * high];
  return {
    top1: 100 * accuracy,
    top5: classes > 5 ? 100 * topK(logits, labels, 5).accuracy : null,
    interval,
    n,
  };
}
