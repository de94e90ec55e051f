/** The seeds of a run, one training after the other. */
import { isDifftapError } from "@difftap/core";

/** A seed that diverged. */
export interface FailedSeed {
  readonly seed: number;
  readonly reason: string;
}

export interface TrainedSeeds<Trained> {
  /** At least one. */
  readonly seeds: readonly Trained[];
  readonly failures: readonly FailedSeed[];
}

/** Goes on when a seed diverges. @throws DifftapError as `train`; NUMERIC when every seed has diverged. */
export async function eachSeed<Trained>(
  wanted: readonly number[],
  train: (seed: number) => Promise<Trained>,
): Promise<TrainedSeeds<Trained>> {
  const [seeds, failures]: [Trained[], FailedSeed[]] = [[], []];
  for (const seed of wanted) {
    try {
      seeds.push(await train(seed));
    } catch (error) {
      if (!isDifftapError(error, "NUMERIC") || failures.length === wanted.length - 1) throw error;
      failures.push({ seed, reason: error.message });
    }
  }
  return { seeds, failures };
}
