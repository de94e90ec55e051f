/** A number with everything that has to stand beside it. */
import type { Accuracy } from "./accuracy.js";
import { wilsonInterval } from "./intervals.js";

export interface Result {
  /** "top-1", "top-5", "k-NN top-1". */
  readonly metric: string;
  /** In `unit`. */
  readonly value: number;
  readonly unit: "%";
  /** 95 % interval, in `unit`. */
  readonly interval: [number, number];
  /** Samples it was measured on. */
  readonly n: number;
  /** How it was measured, in words: "solved linear probe, l2 0.003". */
  readonly protocol: string;
  readonly split: string;
  readonly seeds: number[];
}

/** An accuracy as a result in per cent, with Wilson's interval. */
export function accuracyResult(
  { correct, n, accuracy }: Accuracy,
  said: Pick<Result, "metric" | "protocol" | "split" | "seeds">,
): Result {
  const [low, high] = wilsonInterval(correct, n);
  return { ...said, value: 100 * accuracy, unit: "%", interval: [100 * low, 100 * high], n };
}
