/** What a cell's features are worth: a solved linear probe, or neighbours' votes. */
import { DEFAULT_NEIGHBOURS, DEFAULT_TEMPERATURE, knn } from "@difftap/metrics";
import type { LabelledFeatures } from "../labelled.js";
import { accuracyOf, type ProbeTask, probeCell } from "../probing.js";
import type { Measure } from "./cell.js";
import type { AnalysisSession } from "./session.js";

/** Top-1 in per cent. */
export interface Score extends Measure {
  readonly n: number;
}

/** How the session scores, in words. */
export function scoreProtocol({ score, l2 }: AnalysisSession["settings"]): string {
  return score === "probe"
    ? `solved linear probe, L2 ${l2}`
    : `${DEFAULT_NEIGHBOURS}-NN, cosine similarity, temperature ${DEFAULT_TEMPERATURE}`;
}

/**
 * Top-1 on `test` of what is solved on `train`. Probes are kept in the run folder under `key`, which is everything that the
 * features depend on.
 */
export async function scoreFeatures(
  { settings, cells, context: { signal } }: AnalysisSession,
  task: Omit<ProbeTask, "l2">,
  key: object,
): Promise<Score> {
  const { score, l2 } = settings;
  if (score === "knn") return votes(task, signal);
  const { top1, interval, n } = await cells.remember({ ...key, l2 }, () =>
    probeCell({ ...task, l2 }, { signal }),
  );
  return { value: top1, interval, n };
}

async function votes({ train, test, classes }: Omit<ProbeTask, "l2">, signal: AbortSignal): Promise<Score> {
  const k = Math.min(DEFAULT_NEIGHBOURS, train.labels.length);
  const bank = { train: train.features, trainLabels: train.labels };
  const cast = await knn({ ...bank, test: test.features, classes, k, signal });
  const { top1, interval, n } = accuracyOf(cast.votes, test.labels, classes);
  return { value: top1, interval, n };
}

/** Features of the same images averaged, such as several draws of noise. @param readings at least one */
export function meanFeatures(readings: readonly LabelledFeatures[]): LabelledFeatures {
  const [first] = readings;
  const data = first!.features.data.map(
    (_, at) => readings.reduce((sum, { features }) => sum + features.data[at]!, 0) / readings.length,
  );
  return { ...first!, features: { ...first!.features, data } };
}
