/** Taps with their weights as a picture needs them: in a row, or as block × timestep. */
import type { Contribution, TapShares, TapWeights, Timestep } from "@difftap/run-folder";
import { sampleSize, seedNames, sharePercent, upperFirst } from "./numbers.js";

/** What a head makes of its taps, learned or looked at. */
export interface Contributions {
  readonly head: string;
  readonly kind: "weights" | "shares";
  readonly seeds: readonly number[];
  readonly taps: readonly Contribution[];
  /** Of shares: the images they are the mean over. */
  readonly images?: { readonly split: string; readonly n: number };
}

export function contributionsOf(
  weights: readonly TapWeights[] = [],
  shares: readonly TapShares[] = [],
): Contributions[] {
  return [
    ...weights.map((entry): Contributions => ({ kind: "weights", ...entry })),
    ...shares.map(
      ({ split, n, ...entry }): Contributions => ({ kind: "shares", ...entry, images: { split, n } }),
    ),
  ];
}

export interface ContributionGrid {
  readonly blocks: readonly number[];
  readonly timesteps: readonly Timestep[];
  at(block: number, timestep: Timestep): Contribution | undefined;
}

/** Block × timestep where there are several of both and no tap of equal place; undefined otherwise. */
export function contributionGrid(taps: readonly Contribution[]): ContributionGrid | undefined {
  const blocks = [...new Set(taps.map(({ block }) => block))].sort((a, b) => a - b);
  const timesteps = [...new Set(taps.map(({ timestep }) => timestep))].sort((a, b) => order(a) - order(b));
  const places = new Map(taps.map((tap) => [`${tap.block} ${tap.timestep}`, tap]));
  if (blocks.length < 2 || timesteps.length < 2 || places.size < taps.length) return undefined;
  return { blocks, timesteps, at: (block, timestep) => places.get(`${block} ${timestep}`) };
}

const order = (timestep: Timestep) => (timestep === "clean" ? -1 : timestep);

/** The largest weight with its deviation. */
export const largestEnd = (taps: readonly Contribution[]): number =>
  Math.max(...taps.map(({ weight, deviation }) => weight + (deviation ?? 0)));

const titles = {
  weights: "weights learned for its taps",
  shares: "where the CLS token’s attention goes",
} as const;

export const contributionsTitle = ({ head, kind }: Contributions): string => `${head}: ${titles[kind]}`;

/** What the numbers are, over which images and seeds. */
export function contributionsNote({ kind, seeds, images, taps }: Contributions): string {
  const over =
    seeds.length > 1 ? `mean over ${seedNames(seeds)} ± sample standard deviation` : seedNames(seeds);
  return kind === "weights"
    ? `In per cent, together 100; an even spread would give each ${sharePercent(1 / taps.length)}. ${upperFirst(over)}.`
    : `In per cent of the attention at the tap’s timestep, last transformer block, mean over its heads and the images of split ${images!.split} (${sampleSize(images!.n)}); what is missing to 100 stays with the CLS token itself. ${upperFirst(over)}.`;
}
