/** What results.json says of any dense training. */
import { blockTable } from "@difftap/backbone";
import { weightsDigest } from "@difftap/checkpoint";
import type { CommandContext } from "@difftap/command-line";
import type { ImageDataset } from "@difftap/datasets";
import type { Selection } from "@difftap/eval";
import { RESULTS_SCHEMA, type ResultsInput } from "@difftap/run-folder";
import { planTraining } from "@difftap/trainer";
import type { FailedSeed } from "../each-seed.js";
import { inWords } from "../protocol.js";
import { denseCurves } from "./curves.js";
import type { DenseNetwork } from "./open-backbone.js";
import { backboneName, denseProtocol } from "./protocol.js";
import type { TrainedSeed } from "./run.js";
import { type DenseSettings, denseRecipe } from "./settings.js";

export interface DenseReport<Score, D extends ImageDataset = ImageDataset> {
  readonly settings: DenseSettings;
  readonly context: CommandContext;
  readonly network: DenseNetwork;
  readonly engine: string;
  readonly train: Selection<D>;
  readonly test: Selection<D>;
  readonly classNames: readonly string[];
  /** At least one. */
  readonly seeds: readonly TrainedSeed<Score>[];
  readonly failures: readonly FailedSeed[];
  /** Such as "fcos detector", and its settings in words. */
  readonly adapter: { readonly name: string; readonly spec: unknown };
}

/** What heads, detectors and segmenters have in common in results. */
export function trainedEntry<Score>(report: DenseReport<Score>) {
  const { settings, engine, adapter, seeds, failures } = report;
  const { taps, parameters } = seeds[0]!;
  return {
    name: `${adapter.name}, ${backboneName(settings)}`,
    taps: taps.map(({ name }) => name),
    protocol: denseProtocol(adapter.name, settings, engine),
    split: "test",
    settings: inWords(adapter.spec) || "no settings",
    parameters,
    ...(failures.length > 0 && { failures: [...failures] }),
  };
}

/** A seed's part of an entry. */
export function trainedRun<Score>({ settings, train }: DenseReport<Score>, trained: TrainedSeed<Score>) {
  const { seed, seconds, result } = trained;
  const { stepsPerEpoch } = planTraining(denseRecipe(settings, 0), train.indices.length);
  return { seed, seconds, epochs: result.steps / stepsPerEpoch };
}

/** All of results.json but what was measured. */
export async function denseResults<Score>(
  report: DenseReport<Score>,
  protocol: string,
): Promise<Omit<ResultsInput, "kind" | "title">> {
  const { settings, context, network, train, test, classNames, seeds, failures } = report;
  const { architecture, name, source } = network.model;
  return {
    schema: RESULTS_SCHEMA,
    created: new Date().toISOString(),
    protocol,
    split: "test",
    seeds: settings.seeds,
    dataset: {
      name: sharedName(train.dataset.name, test.dataset.name),
      train: train.indices.length,
      test: test.indices.length,
      classes: [...classNames],
      digest: train.dataset.digest,
    },
    model: {
      name,
      architecture: `ADM U-Net, ${architecture.imageSize} px, ${blockTable(architecture).length} blocks`,
      weightsDigest: await weightsDigest(source.path),
    },
    results: [],
    curves: await denseCurves(seeds),
    notes: failures.map(({ seed, reason }) => `seed ${seed}: ${reason}`),
    command: context.commandLine,
    durationSeconds: seeds.reduce((sum, { seconds }) => sum + seconds, 0),
    images: train.indices.length + test.indices.length,
  };
}

/** "bccd" of "bccd train" and "bccd test"; the training images' name where the two have no beginning in common. */
function sharedName(train: string, test: string): string {
  const [words, others] = [train.split(" "), test.split(" ")];
  const end = words.findIndex((word, place) => word !== others[place]);
  return end > 0 ? words.slice(0, end).join(" ") : train;
}
