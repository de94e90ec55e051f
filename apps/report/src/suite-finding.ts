/** A suite in a sentence, and for each data set which reading is best. */
import type { Suite, SuiteRow } from "@difftap/run-folder";
import { plusMinus, range, sampleSize, upperFirst } from "./numbers.js";

export interface SuiteFinding {
  readonly headline: string;
  readonly details: readonly string[];
}

export function suiteFinding({ rows, failures, missing }: Suite): SuiteFinding {
  const datasets = [...new Set(rows.map(({ dataset }) => dataset))];
  const readings = new Set(rows.map(({ reading }) => reading));
  const open = [
    ...(failures.length > 0 ? [`${counts(failures.length, "job")} failed`] : []),
    ...(missing.length > 0 ? [`${counts(missing.length, "job")} not finished`] : []),
  ];
  const gave = `${counts(readings.size, "reading")} of ${counts(datasets.length, "data set")}`;
  return {
    headline: `${[`${gave} gave ${counts(rows.length, "number")}`, ...open].join(", ")}.`,
    details: datasets.flatMap((dataset) => bestOf(rows.filter((row) => row.dataset === dataset))),
  };
}

const counts = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

/** Of the metric that most rows share; per cent only, where more is better. Nothing where there is nothing to compare. */
function bestOf(rows: readonly SuiteRow[]): string[] {
  const metrics = rows.filter(({ unit }) => unit === "%").map(({ metric }) => metric);
  const often = (metric: string) => metrics.filter((other) => other === metric).length;
  const metric = [...metrics].sort((a, b) => often(b) - often(a))[0];
  const compared = rows.filter((row) => row.metric === metric && row.unit === "%");
  if (compared.length < 2) return [];
  const best = compared.reduce((one, other) => (other.value > one.value ? other : one));
  return [`${upperFirst(best.dataset)}: ${nameOf(best)} reads best, ${best.metric} ${numberOf(best)}.`];
}

/** "heads, DifFeed" */
export const nameOf = ({ reading, name }: SuiteRow): string => [reading, name].filter(Boolean).join(", ");

const numberOf = ({ value, deviation, unit, interval, n }: SuiteRow) =>
  `${plusMinus(value, deviation, unit)} (${range(interval, unit)}), ${sampleSize(n)}`;
