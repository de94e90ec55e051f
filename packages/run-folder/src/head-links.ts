/** What `attention`, `tapWeights` and `tapShares` say belongs to a row of `heads`, one of its seeds and taps it reads. */
import type { Attention } from "./attention-schema.js";
import type { TapShares, TapWeights } from "./contributions-schema.js";
import type { TrainedHead } from "./heads-schema.js";

interface Linked {
  readonly heads?: readonly TrainedHead[] | undefined;
  readonly attention?: readonly Attention[] | undefined;
  readonly tapWeights?: readonly TapWeights[] | undefined;
  readonly tapShares?: readonly TapShares[] | undefined;
}

export interface BrokenLink {
  readonly path: (string | number)[];
  readonly message: string;
}

interface Mention {
  readonly path: (string | number)[];
  readonly head: string;
  readonly seeds: readonly number[];
  readonly taps: readonly string[];
}

/** All that leads nowhere. */
export function brokenLinks({ heads = [], ...said }: Linked): BrokenLink[] {
  return mentionsOf(said).flatMap((mention) => brokenLink(mention, heads));
}

function mentionsOf({ attention = [], tapWeights = [], tapShares = [] }: Omit<Linked, "heads">): Mention[] {
  const contributions = (name: string, list: readonly TapWeights[]) =>
    list.map(({ head, seeds, taps }, index) => ({
      path: [name, index],
      head,
      seeds,
      taps: taps.map(({ tap }) => tap),
    }));
  return [
    ...attention.map(({ head, seed, examples }, index) => ({
      path: ["attention", index],
      head,
      seeds: [seed],
      taps: examples.flatMap(({ maps }) => maps.map(({ tap }) => tap)),
    })),
    ...contributions("tapWeights", tapWeights),
    ...contributions("tapShares", tapShares),
  ];
}

function brokenLink({ path, head, seeds, taps }: Mention, heads: readonly TrainedHead[]): BrokenLink[] {
  const row = heads.find(({ name }) => name === head);
  if (!row) {
    const names = heads.map(({ name }) => name).join(", ");
    return [
      { path: [...path, "head"], message: `no head is called "${head}"; there are ${names || "none"}` },
    ];
  }
  const seed = seeds.find((wanted) => !row.runs.some((run) => run.seed === wanted));
  const tap = taps.find((wanted) => !row.taps.includes(wanted));
  return [
    ...(seed === undefined ? [] : [{ path, message: `${head} has no run of seed ${seed}` }]),
    ...(tap === undefined ? [] : [{ path, message: `${head} does not read tap ${tap}` }]),
  ];
}
