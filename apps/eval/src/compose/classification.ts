/** The parts of a results file that every classification has. */
import { confusionMatrix, perClassAccuracy } from "@difftap/metrics";
import type { ResultsInput } from "@difftap/run-folder";

/** Confusion matrix and accuracy per class, in per cent; classes without images are left out of the latter. */
export function classTables(
  labels: Int32Array,
  predicted: Int32Array,
  classNames: readonly string[],
): Pick<ResultsInput, "confusion" | "perClass"> {
  const matrix = confusionMatrix(labels, predicted, classNames.length);
  const perClass = perClassAccuracy(matrix).flatMap(({ label, n, correct, accuracy, interval }) =>
    accuracy === null || interval === null
      ? []
      : [
          {
            label: classNames[label]!,
            n,
            correct,
            top1: 100 * accuracy,
            interval: [100 * interval[0], 100 * interval[1]] as [number, number],
          },
        ],
  );
  return { confusion: { labels: [...classNames], matrix }, perClass };
}

/** Names for all classes: those of the data set, or their numbers. */
export function namesOf(names: readonly string[] | null, classes: number): string[] {
  return names === null ? Array.from({ length: classes }, (_, label) => String(label)) : [...names];
}
