/** Trained heads as results.json and as lines on the terminal. */
import type { CommandContext } from "@difftap/command-line";
import { classTables, namesOf } from "@difftap/eval";
import { predictions } from "@difftap/metrics";
import { RESULTS_SCHEMA, type ResultsInput, type TrainedHead, writeResults } from "@difftap/run-folder";
import { type Evaluation, evaluate, planTraining } from "@difftap/trainer";
import { curvesOf } from "./head-curves.js";
import { attentionOf, tapWeightsOf } from "./head-explanations.js";
import { type Group, groupsOf, type RowFacts, rowOf } from "./head-groups.js";
import { headsOf } from "./one-head.js";
import { recipeOf } from "./recipe.js";
import type { HeadSettings } from "./settings.js";
import type { TrainedHeads } from "./trained-heads.js";

interface Report {
  readonly trained: TrainedHeads;
  readonly settings: HeadSettings;
  readonly context: CommandContext;
  readonly groups: readonly Group[];
  readonly rows: readonly TrainedHead[];
  /** Heads that ended without a number, and why. */
  readonly failures: readonly string[];
}

/** Writes results.json and prints each head's top-1 with its protocol. */
export async function reportHeads(
  trained: TrainedHeads,
  settings: HeadSettings,
  context: CommandContext,
): Promise<void> {
  const groups = groupsOf(trained);
  const facts: RowFacts = {
    engine: trained.engine.name,
    split: "test",
    seconds: trained.seconds / trained.members.length,
    stepsPerEpoch: planTraining(recipeOf(headsOf(settings)[0]!), trained.pair.train.source.length)
      .stepsPerEpoch,
    streamed: trained.pair.train.streamed,
  };
  const rows = groups.flatMap((group) => rowOf(group, facts) ?? []);
  const failures = groups.flatMap(({ failed }) =>
    failed.map(({ member, result }) => `${member.name}: ${result.failure!.message}`),
  );
  const report = { trained, settings, context, groups, rows, failures };
  await writeResults(settings.out, await resultsOf(report));
  print(report);
}

function print({ trained, settings, context, rows, failures }: Report): void {
  const split = `test split of ${trained.pair.test.request.dataset.name}`;
  const protocols = [...new Set(rows.map(({ protocol }) => protocol))];
  if (context.json) {
    const summary = {
      protocol: protocols.join("; "),
      split,
      seeds: settings.seeds,
      heads: rows,
      failures,
      checkpoint: trained.checkpoint,
    };
    context.terminal.data(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const lines = [...rows.map(lineOf), ...failures, ...protocols, split];
  context.terminal.data(`${lines.join("\n")}\n`);
}

function lineOf({ name, runs, mean, deviation }: TrainedHead): string {
  const seeds = runs.map(({ seed }) => seed).join(", ");
  const { n, interval } = runs[0]!.top1;
  if (deviation !== null) {
    return `${name}: top-1 ${mean.toFixed(2)} ± ${deviation.toFixed(2)} % (mean ± standard deviation, seeds ${seeds}, n = ${n})`;
  }
  const ends = interval.map((end) => end.toFixed(2)).join("–");
  return `${name}: top-1 ${mean.toFixed(2)} % (95 % interval ${ends}, n = ${n}, seed ${seeds})`;
}

async function resultsOf(report: Report): Promise<ResultsInput> {
  const { trained, settings, context, groups, rows, failures } = report;
  const { pair, members, seconds, classes } = trained;
  const { request } = pair.train;
  const weights = await Promise.all(groups.map(tapWeightsOf));
  const explained = await explain(report);
  return {
    schema: RESULTS_SCHEMA,
    kind: "head",
    title: settings.title ?? titleOf(settings, pair),
    created: new Date().toISOString(),
    protocol: bestOf(rows)?.protocol ?? "no head ended with a number",
    split: "test",
    seeds: settings.seeds,
    dataset: {
      name: request.dataset.name,
      train: pair.train.source.length,
      test: pair.test.source.length,
      classes: pair.train.classNames === null ? null : namesOf(pair.train.classNames, classes),
      digest: request.dataset.digest,
    },
    model: {
      name: pair.model,
      architecture: `ADM U-Net, ${request.architecture.imageSize} px`,
      weightsDigest: request.weights,
    },
    results: [],
    heads: [...rows],
    tapWeights: weights.flat(),
    ...explained,
    curves: await curvesOf(settings.out, members),
    notes: [...failures],
    command: context.commandLine,
    durationSeconds: seconds,
    images: pair.train.source.length + pair.test.source.length,
  };
}

function titleOf(settings: HeadSettings, { train }: TrainedHeads["pair"]): string {
  const heads = headsOf(settings).map(({ title, head }) => title ?? head);
  const named = heads.length === 1 ? `${heads[0]} head` : `${heads.join(", ")} heads`;
  return `${named} on ${train.taps.map(({ name }) => name).join(", ")}`;
}

function bestOf<T extends { readonly mean: number }>(rows: readonly T[]): T | undefined {
  return ranked(rows)[0];
}

const ranked = <T extends { readonly mean: number }>(rows: readonly T[]): T[] =>
  [...rows].sort((a, b) => b.mean - a.mean);

/** Classes of the head with the best mean, and where the CLS token of the best that has one looks; first seeds. */
async function explain(report: Report) {
  const groups = rankedGroups(report);
  const [best, looking] = [groups[0], groups.find(({ sound }) => sound[0]!.member.model.attentionMaps)];
  if (!best) return {};
  const classNames = classNamesOf(report);
  const evaluation = await evaluated(best, report);
  const classes = classTables(evaluation.labels, predictions(evaluation.logits), classNames);
  if (!looking) return classes;
  const attention = await attentionOf({
    title: looking.title,
    outcome: looking.sound[0]!,
    features: report.trained.pair.test,
    evaluation: looking === best ? evaluation : await evaluated(looking, report),
    classNames,
    batch: report.settings.batch,
  });
  return { ...classes, ...attention };
}

/** Those that have a number, the best mean first. */
function rankedGroups({ groups, rows }: Report): Group[] {
  return ranked(rows).map(({ name }) => groups.find(({ title }) => title === name)!);
}

function evaluated({ sound }: Group, { trained, settings }: Report): Promise<Evaluation> {
  return evaluate(sound[0]!.member.model, trained.pair.test.source, { batch: settings.batch });
}

function classNamesOf({ trained: { pair, classes } }: Report): string[] {
  const { test, train } = pair;
  return namesOf(test.classNames ?? test.images?.dataset.classes ?? train.classNames, classes);
}
