/** Fine-tuned seeds as results.json and as lines on the terminal. */
import { classTables, namesOf } from "@difftap/eval";
import { predictions } from "@difftap/metrics";
import {
  overSeeds,
  RESULTS_SCHEMA,
  type ResultsInput,
  type RunResult,
  type TrainedHead,
  writeResults,
} from "@difftap/run-folder";
import { planTraining } from "@difftap/trainer";
import type { FailedSeed } from "./each-seed.js";
import { tuningCurves } from "./finetune-curves.js";
import { diffusionResults } from "./finetune-diffusion-results.js";
import { tuningProtocol } from "./finetune-protocol.js";
import type { FinetuneJob, TunedSeed } from "./finetune-run.js";
import { finetuneRecipe } from "./finetune-settings.js";
import { inWords } from "./protocol.js";
import { top1Of } from "./top1.js";

export interface Tuned {
  readonly job: FinetuneJob;
  /** At least one. */
  readonly seeds: readonly TunedSeed[];
  readonly failures: readonly FailedSeed[];
  readonly engine: string;
}

interface Report extends Tuned {
  readonly protocol: string;
  readonly row: TrainedHead;
  readonly diffusion: readonly RunResult[];
}

/** Writes results.json, unless everything had been done before, and prints top-1 and diffusion loss with their protocol. */
export async function reportTuning(tuned: Tuned): Promise<void> {
  const protocol = tuningProtocol(tuned);
  const report = { ...tuned, protocol, row: rowOf(tuned, protocol), diffusion: diffusionResults(tuned) };
  const { settings } = tuned.job;
  // A finished run keeps the results of when it finished.
  if (tuned.seeds.some(({ result }) => result.steps > result.resumedFrom))
    await writeResults(settings.out, await resultsOf(report));
  print(report);
}

function rowOf({ job, seeds, failures }: Tuned, protocol: string): TrainedHead {
  const { settings } = job;
  const { head, parameters } = seeds[0]!;
  const { stepsPerEpoch } = planTraining(finetuneRecipe(settings, 0), job.train.indices.length);
  const runs = seeds.map(({ seed, result, seconds }) => ({
    seed,
    top1: top1Of(result.evaluation!),
    epochs: result.steps / stepsPerEpoch,
    seconds,
  }));
  const name = `${head.description.head}, ${settings.freeze ? "frozen backbone" : "fine-tuned"}`;
  return {
    name,
    head: head.description.head,
    taps: head.description.taps.map((tap) => tap.name),
    protocol,
    split: "test",
    settings: inWords(head.description.spec) || "no settings",
    parameters,
    runs,
    ...(failures.length > 0 && { failures: [...failures] }),
    ...overSeeds(runs.map(({ top1 }) => top1.value)),
  };
}

async function resultsOf({ job, seeds, row, diffusion, protocol }: Report): Promise<ResultsInput> {
  const { settings, context, model, train, test, classes } = job;
  const { logits, labels } = seeds[0]!.result.evaluation!;
  const classNames = namesOf(test.dataset.classes ?? train.dataset.classes, classes);
  return {
    schema: RESULTS_SCHEMA,
    kind: "head",
    title: `${row.name}, on ${row.taps.join(", ")}`,
    created: new Date().toISOString(),
    protocol,
    split: "test",
    seeds: settings.seeds,
    dataset: {
      name: train.dataset.name,
      train: train.indices.length,
      test: test.indices.length,
      classes: train.dataset.classes === null ? null : classNames,
      digest: train.dataset.digest,
    },
    model: {
      name: model.name,
      architecture: `ADM U-Net, ${model.architecture.imageSize} px`,
      weightsDigest: job.weightsDigest,
    },
    results: [...diffusion],
    heads: [row],
    ...classTables(labels, predictions(logits), classNames),
    curves: await tuningCurves(seeds, row.name),
    notes: (row.failures ?? []).map(({ seed, reason }) => `seed ${seed}: ${reason}`),
    command: context.commandLine,
    durationSeconds: seeds.reduce((sum, { seconds }) => sum + seconds, 0),
    images: train.indices.length + test.indices.length,
  };
}

function print({ job, seeds, row, diffusion, protocol }: Report): void {
  const { settings, context } = job;
  const folders = seeds.map(({ folder }) => folder);
  if (context.json) {
    const summary = { protocol, split: "test", seeds: settings.seeds, heads: [row], diffusion, folders };
    context.terminal.data(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const failed = (row.failures ?? []).map(({ seed, reason }) => `seed ${seed}: ${reason}`);
  // What was frozen lies where it was.
  const backbone = settings.freeze ? ` --weights ${settings.weights}` : "";
  const next = `difftap-eval head --run ${folders[0]} --test ${settings.test}${backbone}`;
  const lines = [top1Line(row), ...diffusion.map(diffusionLine), ...failed, protocol, next];
  context.terminal.data(`${lines.join("\n")}\n`);
}

function top1Line({ name, runs, mean, deviation }: TrainedHead): string {
  const { n, interval } = runs[0]!.top1;
  const seeds = runs.map(({ seed }) => seed).join(", ");
  const spread =
    deviation === null
      ? `${mean.toFixed(2)} % (95 % interval ${interval.map((end) => end.toFixed(2)).join("–")}`
      : `${mean.toFixed(2)} ± ${deviation.toFixed(2)} % (mean ± standard deviation`;
  return `${name}: top-1 ${spread}, seeds ${seeds}, n = ${n})`;
}

function diffusionLine({ metric, value, interval, n }: RunResult): string {
  const [shown, low, high] = [value, ...interval].map((each) => Number(each.toPrecision(4)));
  return `${metric}: ${shown} (95 % interval ${low} to ${high}, n = ${n})`;
}
