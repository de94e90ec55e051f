/**
 * Successive halving: every candidate is scored on a few images, the better share goes on to more of them, and so on.
 *
 * Source: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016.
 */

export interface HalvingOptions<Candidate> {
  readonly candidates: readonly Candidate[];
  /** Images of each rung, ascending. */
  readonly rungs: readonly number[];
  /** Share of the candidates that go on from a rung, rounded up. */
  readonly keep: number;
  /** A number for each candidate; higher is better. */
  score(candidates: readonly Candidate[], images: number, rung: number): Promise<readonly number[]>;
}

export interface Rung<Candidate> {
  readonly images: number;
  readonly scores: readonly { readonly candidate: Candidate; readonly score: number }[];
  /** Those that go on, best first; of equal ones the earlier candidate first. Of the last rung one. */
  readonly kept: readonly Candidate[];
}

/** All rungs that were climbed: it ends where one candidate is left. */
export async function successiveHalving<Candidate>({
  candidates,
  rungs,
  keep,
  score,
}: HalvingOptions<Candidate>): Promise<Rung<Candidate>[]> {
  const climbed: Rung<Candidate>[] = [];
  let left = candidates;
  for (const [index, images] of rungs.entries()) {
    if (index > 0 && left.length === 1) break;
    const values = await score(left, images, index);
    const scores = left.map((candidate, place) => ({ candidate, score: values[place]! }));
    const last = index === rungs.length - 1;
    const going = last ? 1 : Math.min(left.length, Math.max(1, Math.ceil(keep * left.length)));
    // Sorting is stable: of equal ones the earlier stays ahead.
    const kept = [...scores].sort((a, b) => b.score - a.score).slice(0, going);
    climbed.push({ images, scores, kept: kept.map(({ candidate }) => candidate) });
    // In the order they came in, so that ties are always broken alike.
    left = left.filter((candidate) => kept.some((each) => each.candidate === candidate));
  }
  return climbed;
}
