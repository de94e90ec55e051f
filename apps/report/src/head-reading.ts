/** What the rows of trained heads say together. */
import type { Interval, RunResult, TrainedHead } from "@difftap/run-folder";
import { plusMinus, range, sampleSize, seedNames } from "./numbers.js";

/** From the lowest to the highest end of the seeds' own intervals. */
export function intervalOf({ runs }: TrainedHead): Interval {
  const ends = runs.map(({ top1 }) => top1.interval);
  return [Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))];
}

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

/** Numbers that are not those of the heads' own rows. */
export function otherResults(results: readonly RunResult[], heads: readonly TrainedHead[]): RunResult[] {
  return results.filter((result) => !heads.some((head) => isOwn(result, head)));
}

function isOwn({ metric, value, name }: RunResult, head: TrainedHead): boolean {
  const values = [head.mean, ...head.runs.map(({ top1 }) => top1.value)];
  return metric === "top-1" && (name === undefined || name === head.name) && values.includes(value);
}
