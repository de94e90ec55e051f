/** What the rows of trained heads say together. */
import type { Interval, TrainedHead } from "@difftap/run-folder";
import { plusMinus, range, sampleSize, seedNames } from "./numbers.js";
import { widest } from "./seed-cells.js";

/** From the lowest to the highest end of the seeds' own intervals. */
export const intervalOf = ({ runs }: TrainedHead): Interval => widest(runs.map(({ top1 }) => top1.interval));

export const seedsOf = ({ runs }: TrainedHead): number[] => runs.map(({ seed }) => seed);

/** Test images; the schema has every run of a head count the same. */
export const imagesOf = ({ runs }: TrainedHead): number => runs[0]!.top1.n;

/** "61.0 ± 1.0 % (59.0–63.0), n = 4,000, seeds 0, 1, 2." */
export function headNumber(head: TrainedHead): string {
  const value = plusMinus(head.mean, head.deviation, "%");
  return `${value} (${range(intervalOf(head), "%")}), ${sampleSize(imagesOf(head))}, ${seedNames(seedsOf(head))}.`;
}

/** The head of highest mean, the first of equals. */
export const bestHead = (heads: readonly TrainedHead[]): TrainedHead | undefined =>
  heads.reduce<TrainedHead | undefined>(
    (best, head) => (best && best.mean >= head.mean ? best : head),
    undefined,
  );

/** Of the heads with fewer parameters, the best that is at least as good. */
export function simplerThatHolds(head: TrainedHead, heads: readonly TrainedHead[]): TrainedHead | undefined {
  return bestHead(heads.filter(({ parameters, mean }) => parameters < head.parameters && mean >= head.mean));
}
