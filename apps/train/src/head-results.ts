/** Trained heads as results.json and as lines on the terminal. */
import type { CommandContext } from "@difftap/command-line";
import { classTables, namesOf } from "@difftap/eval";
import { predictions, wilsonInterval } from "@difftap/metrics";
import { RESULTS_SCHEMA, type ResultsInput, writeResults } from "@difftap/run-folder";
import { evaluate, type NamedResult } from "@difftap/trainer";
import type { TrainedHeads } from "./head.js";
import { curvesOf } from "./head-curves.js";
import type { Member } from "./members.js";
import { type HeadSettings, recipeOf } from "./settings.js";

/** A head with what became of it. */
interface Outcome {
  readonly member: Member;
  readonly result: NamedResult;
}

/** Heads that differ in nothing but their seed. */
interface Group {
  readonly title: string;
  readonly outcomes: readonly Outcome[];
  /** Mean top-1 of those that did not fail, in per cent; undefined when all did. */
  readonly mean: number | undefined;
  /** Sample standard deviation; undefined for fewer than two. */
  readonly deviation: number | undefined;
}

/** Writes results.json and prints each head's top-1 with its protocol. */
export async function reportHeads(
  trained: TrainedHeads,
  settings: HeadSettings,
  context: CommandContext,
): Promise<void> {
  const groups = groupsOf(trained);
  const protocol = protocolOf(settings, trained.engine.name);
  await writeResults(settings.out, await resultsOf(trained, { settings, context, groups, protocol }));
  const split = `test split of ${trained.pair.test.request.dataset.name}`;
  const summary = {
    protocol,
    split,
    seeds: settings.seeds,
    heads: groups.map(rowOf),
    checkpoint: trained.checkpoint,
  };
  if (context.json) context.terminal.data(`${JSON.stringify(summary, null, 2)}\n`);
  else context.terminal.data(`${groups.map(lineOf).join("\n")}\n${protocol}, ${split}\n`);
}

function groupsOf({ members, results }: TrainedHeads): Group[] {
  const outcomes = members.map((member, index) => ({ member, result: results[index]! }));
  const titles = [...new Set(members.map(({ title }) => title))];
  return titles.map((title) => {
    const own = outcomes.filter(({ member }) => member.title === title);
    return { title, outcomes: own, ...spread(own.flatMap(({ result }) => percentOf(result) ?? [])) };
  });
}

function percentOf({ evaluation, failure }: NamedResult): number | undefined {
  return failure || !evaluation ? undefined : 100 * evaluation.top1;
}

function spread(values: readonly number[]): Pick<Group, "mean" | "deviation"> {
  const n = values.length;
  if (n === 0) return { mean: undefined, deviation: undefined };
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { mean, deviation: undefined };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (n - 1)) };
}

/** One head and seed as JSON. */
function rowOf({ title, outcomes, mean, deviation }: Group) {
  const runs = outcomes.map(({ member, result }) => ({
    name: member.name,
    seed: member.seed,
    taps: member.model.description.taps.map(({ name }) => name),
    steps: result.steps,
    ...(result.failure ? { failure: result.failure.message } : measured(result)),
  }));
  return { title, mean, deviation, runs };
}

function measured({ evaluation }: NamedResult) {
  const { correct, n, top1 } = evaluation!;
  const interval = wilsonInterval(correct, n).map((end) => 100 * end) as [number, number];
  return { top1: 100 * top1, interval, n };
}

function lineOf({ title, outcomes, mean, deviation }: Group): string {
  const failures = outcomes.flatMap(({ member, result }) =>
    result.failure ? [`${member.name}: ${result.failure.message}`] : [],
  );
  const sound = outcomes.filter(({ result }) => !result.failure);
  if (mean === undefined) return `${title}: ${failures.join("; ")}`;
  const { interval, n } = measured(sound[0]!.result);
  const seeds = sound.map(({ member }) => member.seed).join(", ");
  const ends = interval.map((end) => end.toFixed(2)).join("–");
  const text =
    deviation === undefined
      ? `top-1 ${mean.toFixed(2)} % (95 % interval ${ends}, n = ${n}, seed ${seeds})`
      : `top-1 ${mean.toFixed(2)} ± ${deviation.toFixed(2)} % (mean ± standard deviation, seeds ${seeds}, n = ${n})`;
  return [`${title}: ${text}`, ...failures].join("\n");
}

/** Says how the heads were trained, completely enough to do it again. */
function protocolOf(settings: HeadSettings, engine: string): string {
  const { optimizer, learningRate: _, schedule, duration, batch, seed: __, ...more } = recipeOf(settings);
  const extra = Object.entries(more).map(([name, value]) => `${name} ${plain(value)}`);
  return [
    `${settings.head} head`,
    `${plain(optimizer)}, learning rate ${settings.learningRate.join(" or ")}, ${plain(schedule)} schedule`,
    plain(duration),
    `batch ${batch}`,
    ...extra,
    `engine ${engine}`,
  ].join(", ");
}

/** { kind: "sgd", momentum: 0.9 } → "sgd (momentum 0.9)"; { epochs: 7 } → "7 epochs". */
function plain(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const { kind, ...fields } = value as { kind?: string };
  const parts = Object.entries(fields).map(([name, each]) =>
    kind === undefined && typeof each === "number" ? `${each} ${name}` : `${name} ${plain(each)}`,
  );
  if (kind === undefined) return parts.join(", ");
  return parts.length === 0 ? kind : `${kind} (${parts.join(", ")})`;
}

interface Reporting {
  readonly settings: HeadSettings;
  readonly context: CommandContext;
  readonly groups: readonly Group[];
  readonly protocol: string;
}

async function resultsOf(trained: TrainedHeads, reporting: Reporting): Promise<ResultsInput> {
  const { pair, members, seconds, classes } = trained;
  const { settings, context, groups, protocol } = reporting;
  const { request } = pair.train;
  const best = bestOf(groups);
  const said = { protocol, split: "test", seeds: settings.seeds };
  const tables = best && (await tablesOf(trained, settings, best));
  return {
    schema: RESULTS_SCHEMA,
    kind: "head",
    title: `${settings.head} head on ${taps(members)}`,
    created: new Date().toISOString(),
    ...said,
    dataset: {
      name: request.dataset.name,
      train: pair.train.source.length,
      test: pair.test.source.length,
      classes: pair.train.classNames === null ? null : namesOf(pair.train.classNames, classes),
    },
    model: {
      name: pair.model,
      architecture: `ADM U-Net, ${request.architecture.imageSize} px`,
      weightsDigest: request.weights,
    },
    results: groups.flatMap(({ outcomes }) =>
      outcomes.flatMap(({ member, result }) =>
        result.failure
          ? []
          : [{ ...said, seeds: [member.seed], metric: "top-1", name: member.name, ...numbersOf(result) }],
      ),
    ),
    ...tables,
    curves: await curvesOf(settings.out),
    notes: groups.flatMap(({ outcomes }) =>
      outcomes.flatMap(({ member, result }) =>
        result.failure ? [`${member.name}: ${result.failure.message}`] : [],
      ),
    ),
    command: context.commandLine,
    durationSeconds: seconds,
    images: pair.train.source.length + pair.test.source.length,
  };
}

function numbersOf(result: NamedResult) {
  const { top1, interval, n } = measured(result);
  return { value: top1, interval, n };
}

function taps(members: readonly Member[]): string {
  const names = new Set(members.flatMap(({ model }) => model.description.taps.map(({ name }) => name)));
  return [...names].join(", ");
}

/** The first sound head of the group with the best mean. */
function bestOf(groups: readonly Group[]): Outcome | undefined {
  const sound = groups.filter(({ mean }) => mean !== undefined);
  const [first] = sound.sort((a, b) => b.mean! - a.mean!);
  return first?.outcomes.find(({ result }) => !result.failure);
}

/** Confusion matrix and accuracy per class of one head. */
async function tablesOf({ pair, classes }: TrainedHeads, { batch }: HeadSettings, { member }: Outcome) {
  const { logits, labels } = await evaluate(member.model, pair.test.source, { batch });
  return classTables(labels, predictions(logits), namesOf(pair.test.classNames, classes));
}
