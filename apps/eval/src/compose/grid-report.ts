/** A finished grid as a results file and as a table on the terminal. */
import { textTable } from "@difftap/command-line";
import { type Baseline, RESULTS_SCHEMA, type ResultsInput } from "@difftap/run-folder";
import { arrayName } from "@difftap/taps";
import { classTables, namesOf } from "./classification.js";
import { examplesOf } from "./examples.js";
import { type BestCell, type GridTask, gridTables, probeOne } from "./grid.js";
import type { GridSession } from "./grid-session.js";
import { readLabelled } from "./labelled.js";
import type { ProbeOutcome } from "./probing.js";
import { gridBlocks, modelSummary } from "./run.js";

/** Everything that results.json holds of a grid. */
export async function resultsOf(
  session: GridSession,
  task: GridTask,
  outcomes: ProbeOutcome[][],
  best: BestCell,
  baselines: Baseline[],
  durationSeconds: number,
): Promise<ResultsInput> {
  const { settings, context, model, runtime, size, images } = session;
  const test = await readLabelled(task.stores.test, arrayNameOf(task, best), { signal: context.signal });
  const detail = await probeOne(task, best.timestep, best.block, context);
  const classNames = namesOf(task.classNames, detail.logits.shape[1]!);
  const said = {
    protocol: `solved linear probe, L2 ${settings.l2}, pool ${settings.pool}, ${settings.draws} noise draw${settings.draws === 1 ? "" : "s"}`,
    split: `test, first ${images.test.indices.length} images`,
    seeds: [settings.seed],
  };
  const tap = { block: best.block, timestep: best.timestep, pool: settings.pool };
  const interval = [...best.outcome.interval] as [number, number];
  return {
    schema: RESULTS_SCHEMA,
    kind: "grid",
    title: settings.title ?? `Where ${model.name} keeps its classes`,
    created: new Date().toISOString(),
    ...said,
    dataset: {
      name: images.train.dataset.name,
      train: images.train.indices.length,
      test: images.test.indices.length,
      classes: task.classNames === null ? null : [...task.classNames],
      digest: images.train.dataset.digest,
    },
    model: modelSummary(model.name, runtime),
    results: [{ ...said, metric: "top-1", value: best.outcome.top1, interval, n: best.outcome.n, tap }],
    grid: {
      ...said,
      ...gridTables(outcomes),
      blocks: [...task.blocks],
      timesteps: [...task.timesteps],
      n: best.outcome.n,
      pool: settings.pool,
      l2: settings.l2,
      blockTable: gridBlocks(runtime, task.blocks, size),
      baselines,
    },
    ...classTables(test.labels, detail.predicted, classNames),
    examples: await examplesOf({
      images: images.test,
      size,
      test,
      logits: detail.logits,
      predicted: detail.predicted,
      classNames,
    }),
    command: context.commandLine,
    durationSeconds,
    images: images.train.indices.length + images.test.indices.length,
  };
}

const arrayNameOf = ({ pool }: GridTask, { timestep, block }: BestCell) =>
  arrayName(timestep, { block, pool });

/** The grid as a table, or as JSON. */
export function printGrid(
  { settings, context }: GridSession,
  task: GridTask,
  outcomes: ProbeOutcome[][],
  best: BestCell,
  baselines: Baseline[],
): void {
  const { timestep, block, outcome } = best;
  if (context.json) {
    const { top1 } = gridTables(outcomes);
    context.terminal.data(
      `${JSON.stringify({ blocks: task.blocks, timesteps: task.timesteps, top1, best: { timestep, block, ...outcome }, baselines }, null, 2)}\n`,
    );
    return;
  }
  const header = [
    "block",
    ...task.timesteps.map((t) => (t === "clean" ? "clean" : `t=${t}`)),
    ...baselines.filter(({ top1 }) => Array.isArray(top1)).map(({ name }) => name),
  ];
  const rows = task.blocks.map((number, column) => [
    String(number),
    ...outcomes.map((row) => row[column]!.top1.toFixed(1)),
    ...baselines.flatMap(({ top1 }) => (Array.isArray(top1) ? [top1[column]!.toFixed(1)] : [])),
  ]);
  context.terminal.data(
    `top-1 in %, solved linear probe (L2 ${settings.l2}), n = ${outcome.n}, seed ${settings.seed}\n\n${textTable(header, rows)}\n`,
  );
  for (const { name, top1 } of baselines)
    if (!Array.isArray(top1)) context.terminal.data(`${name}: ${top1.toFixed(1)} %\n`);
  const [low, high] = outcome.interval;
  context.terminal.data(
    `best: block ${block} at t = ${timestep}: ${outcome.top1.toFixed(1)} % (95 % interval ${low.toFixed(1)}–${high.toFixed(1)})\n`,
  );
}
