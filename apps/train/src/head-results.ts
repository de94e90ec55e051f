/** A trained head as results.json and as lines on the terminal. */
import type { CommandContext } from "@difftap/command-line";
import { classTables, namesOf } from "@difftap/eval";
import { predictions, topK, wilsonInterval } from "@difftap/metrics";
import {
  type Curve,
  RESULTS_SCHEMA,
  type ResultsInput,
  readMetrics,
  writeResults,
} from "@difftap/run-folder";
import { parseRequest } from "@difftap/taps";
import type { TrainingResult } from "@difftap/trainer";
import type { HeadSettings } from "./head.js";
import type { StoredFeatures } from "./stored-features.js";

export interface FinishedHead {
  readonly settings: HeadSettings;
  readonly context: CommandContext;
  readonly features: StoredFeatures;
  readonly result: TrainingResult;
  readonly engine: string;
  readonly seconds: number;
}

/** Writes results.json and prints top-1 with its protocol. */
export async function reportHead(finished: FinishedHead): Promise<void> {
  const { settings, context, result, features } = finished;
  const { logits, labels } = result.evaluation!;
  const { correct, n, accuracy } = topK(logits, labels, 1);
  const [low, high] = wilsonInterval(correct, n);
  const top1 = { value: 100 * accuracy, interval: [100 * low, 100 * high] as [number, number], n };
  const protocol = protocolOf(settings, finished.engine);
  await writeResults(settings.out, await resultsOf(finished, protocol, top1));
  const arrays = features.taps.map(({ name }) => name);
  const summary = {
    head: settings.head,
    arrays,
    protocol,
    split: "test",
    seeds: [settings.seed],
    top1: top1.value,
    interval: top1.interval,
    n,
    steps: result.steps,
    checkpoint: result.checkpoint,
  };
  if (context.json) context.terminal.data(`${JSON.stringify(summary, null, 2)}\n`);
  else {
    const ends = top1.interval.map((end) => end.toFixed(2)).join("–");
    context.terminal.data(
      `${settings.head} on ${arrays.join(", ")}: top-1 ${top1.value.toFixed(2)} % (95 % interval ${ends}, n = ${n})\n${protocol}, seed ${settings.seed}, test split\n`,
    );
  }
}

function protocolOf(
  { head, epochs, learningRate, batch, decayEvery, momentum, weightDecay }: HeadSettings,
  engine: string,
): string {
  return `${head} head, SGD, ${epochs} epochs, learning rate ${learningRate} ×0.1 every ${decayEvery}, batch ${batch}, momentum ${momentum}, weight decay ${weightDecay}, engine ${engine}`;
}

async function resultsOf(
  { settings, context, features, result, seconds }: FinishedHead,
  protocol: string,
  top1: { value: number; interval: [number, number]; n: number },
): Promise<ResultsInput> {
  const request = parseRequest(features.stores.train.request);
  const { logits, labels } = result.evaluation!;
  const said = { protocol, split: "test", seeds: [settings.seed] };
  return {
    schema: RESULTS_SCHEMA,
    kind: "head",
    title: `${settings.head} head on ${features.taps.map(({ name }) => name).join(", ")}`,
    created: new Date().toISOString(),
    ...said,
    dataset: {
      name: request.dataset.name,
      train: features.train.length,
      test: features.test.length,
      classes: null,
    },
    model: {
      name: "frozen backbone",
      architecture: `ADM U-Net, ${request.architecture.imageSize} px`,
      weightsDigest: request.weights,
    },
    results: [{ ...said, metric: "top-1", ...top1 }],
    ...classTables(labels, predictions(logits), namesOf(null, features.classes)),
    curves: await curvesOf(settings.out),
    command: context.commandLine,
    durationSeconds: seconds,
    images: features.train.length + features.test.length,
  };
}

/** The log's lines as curves: training loss by step, test top-1 by epoch. */
async function curvesOf(folder: string): Promise<Curve[]> {
  const metrics = await readMetrics(folder);
  const points = (split: string, value: string): [number, number][] =>
    metrics.flatMap((line) =>
      line.split === split && value in line.values ? [[line.epoch ?? line.step, line.values[value]!]] : [],
    );
  const curves = [
    { name: "training loss", xLabel: "epoch", yLabel: "loss", points: points("train", "loss") },
    { name: "test loss", xLabel: "epoch", yLabel: "loss", points: points("validation", "loss") },
    { name: "test top-1", xLabel: "epoch", yLabel: "top-1, share", points: points("validation", "top1") },
  ];
  return curves.filter((curve) => curve.points.length > 0);
}
