/** Which of a run's single numbers its rows of heads and models say already. */
import type { Results, RunResult } from "@difftap/run-folder";
import { tasksOf } from "./model-tasks.js";

interface OwnNumber {
  readonly name: string;
  readonly metric: string;
  /** Of the seeds, and their mean. */
  readonly values: readonly number[];
}

/** Numbers that are not those of the run's own rows. */
export function otherResults(results: Results): RunResult[] {
  const own = [...headNumbers(results), ...modelNumbers(results)];
  return results.results.filter((result) => !own.some((number) => isSame(result, number)));
}

function headNumbers({ heads = [] }: Results): OwnNumber[] {
  return heads.map(({ name, mean, runs }) => ({
    name,
    metric: "top-1",
    values: [mean, ...runs.map(({ top1 }) => top1.value)],
  }));
}

function modelNumbers(results: Results): OwnNumber[] {
  return tasksOf(results).flatMap(({ models }) =>
    models.flatMap(({ name, figures }) =>
      figures.map(({ metric, mean, values }) => {
        return { name, metric, values: [mean, ...values.map(({ value }) => value)] };
      }),
    ),
  );
}

function isSame({ metric, value, name }: RunResult, own: OwnNumber): boolean {
  return metric === own.metric && (name === undefined || name === own.name) && own.values.includes(value);
}
