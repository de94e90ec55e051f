/** The settings of each head of a run. */
import type { ListedHead } from "./head-list.js";
import type { HeadSettings } from "./settings.js";

/** The settings of a run with one head. */
export type OneHead = Omit<HeadSettings, "heads" | "title"> & {
  /** What tables call it, where the head's name says too little. */
  readonly title?: string | undefined;
  /** Those of the run's arrays that this head reads; all unless given. */
  readonly reads?: readonly string[] | undefined;
};

/** One for each entry of the list, or the run's own where it has none. */
export function headsOf({ heads, title: _, ...common }: HeadSettings): OneHead[] {
  if (heads === undefined) return [common];
  const plain = { ...common, spec: "{}" };
  return heads.map(({ arrays: reads, ...own }) => ({ ...plain, ...withoutGaps(own), reads }));
}

/** Entries without what they leave to the run. */
function withoutGaps(own: Omit<ListedHead, "arrays">): {
  [K in keyof typeof own]?: NonNullable<(typeof own)[K]>;
} {
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
}
