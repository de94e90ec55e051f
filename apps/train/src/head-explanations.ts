/** Where heads look and what they weigh: attention over test images, shares and weights of taps. */
import { type HeadFeatures, isOfShape, picturesOf, type SeenMap, seenMaps, shownMap } from "@difftap/eval";
import { confidences, predictions } from "@difftap/metrics";
import {
  type Attention,
  type AttentionExample,
  overSeeds,
  type TapShares,
  type TapWeights,
} from "@difftap/run-folder";
import type { Evaluation } from "@difftap/trainer";
import type { Group, Outcome } from "./head-groups.js";

/** Images that are shown with the head's attention over them. */
const SHOWN = 8;
/** Test images that shares are averaged over: more say nothing else. */
const AVERAGED = 1000;

/** What a weighted head learned to weigh its taps with, over its seeds. */
export async function tapWeightsOf({ title, sound }: Group): Promise<TapWeights[]> {
  const learned = await Promise.all(sound.flatMap(({ member }) => member.model.tapWeights?.() ?? []));
  if (learned.length === 0) return [];
  const taps = sound[0]!.member.model.description.taps.map(({ name, block, timestep }) => {
    const { mean, deviation } = overSeeds(learned.map((weights) => weights[name]!));
    return { tap: name, block, timestep, weight: mean, deviation };
  });
  return [{ head: title, seeds: sound.map(({ member }) => member.seed), taps }];
}

export interface Looking {
  readonly title: string;
  readonly outcome: Outcome;
  readonly features: HeadFeatures;
  readonly evaluation: Evaluation;
  readonly classNames: readonly string[];
  readonly batch: number;
}

/** Attention of one head: shares of its taps, and maps over the first images where these are at hand. Nothing for other heads. */
export async function attentionOf(
  looking: Looking,
): Promise<{ attention: Attention[]; tapShares: TapShares[] }> {
  const { title, outcome, features, batch } = looking;
  const { model, seed } = outcome.member;
  if (!model.attentionMaps) return { attention: [], tapShares: [] };
  const n = Math.min(AVERAGED, features.source.length);
  const shares = new Map<string, TapShare>();
  const examples: AttentionExample[] = [];
  const all = Uint32Array.from({ length: n }, (_, index) => index);
  for await (const read of features.source.batches(all, { batch, epoch: 0 })) {
    const seen = await seenMaps(model, read);
    for (const each of seen) addShare(shares, each, n);
    if (examples.length === 0 && features.images) examples.push(...(await examplesOf(looking, seen)));
  }
  const taps = [...shares.values()];
  const tapShares = [{ head: title, seeds: [seed], split: "test", n, taps }];
  return { attention: examples.length > 0 ? [{ head: title, seed, examples }] : [], tapShares };
}

type TapShare = TapShares["taps"][number];

/** Adds what one batch of n images in all gives to the mean share of a tap. */
function addShare(shares: Map<string, TapShare>, { title, tap, values, rows }: SeenMap, n: number): void {
  const before = shares.get(title)?.weight ?? 0;
  const weight = before + values.reduce((sum, value) => sum + value, 0) / rows.heads / n;
  shares.set(title, { tap: title, block: tap.block, timestep: tap.timestep, weight, deviation: null });
}

async function examplesOf(looking: Looking, seen: readonly SeenMap[]): Promise<AttentionExample[]> {
  const { features, evaluation, classNames } = looking;
  const count = Math.min(SHOWN, seen[0]!.rows.images);
  const samples = Array.from({ length: count }, (_, sample) => sample);
  const places = samples.map((sample) => features.rows[sample]!);
  const { size } = features.request;
  const pictures = await picturesOf(features.images!, places, size);
  const [predicted, sure] = [predictions(evaluation.logits), confidences(evaluation.logits)];
  return samples.map((sample) => {
    return {
      ...pictures[sample]!,
      label: classNames[evaluation.labels[sample]!]!,
      predicted: classNames[predicted[sample]!]!,
      probability: sure[sample]!,
      maps: seen.filter(({ tap }) => isOfShape(tap, size)).map((each) => shownMap(each, sample)),
    };
  });
}
