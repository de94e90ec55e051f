/** An analysis as a results file. */
import { type Analysis, RESULTS_SCHEMA, type ResultsInput } from "@difftap/run-folder";
import { modelSummary } from "../run.js";
import type { AnalysisSession } from "./session.js";

type Row = ResultsInput["results"][number];

export function analysisResults(
  session: AnalysisSession,
  analysis: Analysis,
  durationSeconds: number,
): ResultsInput {
  const { settings, network, test, train, classNames, context } = session;
  const shown = test.images?.dataset;
  return {
    schema: RESULTS_SCHEMA,
    kind: "analysis",
    title: settings.title ?? `What the features of ${network.name} are like`,
    created: new Date().toISOString(),
    protocol: `frozen features, maps pooled to ${settings.pool}`,
    split: test.about,
    seeds: [settings.seed],
    dataset: {
      name: shown?.name ?? settings.test,
      train: train?.count ?? 0,
      test: test.count,
      classes: classNames === null ? null : [...classNames],
      digest: shown?.digest ?? test.digest,
    },
    model: modelSummary(network.name, network),
    results: headlines(session, analysis),
    analysis,
    command: context.commandLine,
    durationSeconds,
    images: test.count + (train?.count ?? 0),
  };
}

/** The numbers that stand alone; surfaces and matrices have tables of their own. */
function headlines({ settings }: AnalysisSession, { choice, fusion = [] }: Analysis): Row[] {
  const rows: Row[] = [];
  if (choice) {
    const { block, timestep, ...measured } = choice.chosen;
    rows.push({
      metric: "top-1",
      ...measured,
      name: "the cell that was chosen",
      tap: { block, timestep, pool: settings.pool },
    });
    if (choice.regret) {
      const { value, interval, n, protocol, split, seeds } = choice.regret;
      rows.push({
        metric: "regret",
        unit: "points",
        name: "the choice",
        value,
        interval,
        n,
        protocol,
        split,
        seeds,
      });
    }
  }
  for (const { head, stages, n, protocol, split, seeds } of fusion) {
    for (const { name, top1 } of stages)
      rows.push({ metric: "top-1", name: `${head}: ${name}`, ...top1, n, protocol, split, seeds });
  }
  return rows;
}
