/** A suite as results.json. */
import { RESULTS_SCHEMA, type ResultsInput, type Suite } from "@difftap/run-folder";
import type { JobFigures } from "./suite-figures.js";

interface Reported {
  readonly title: string;
  readonly command: string;
  readonly suite: Suite;
  readonly finished: readonly JobFigures[];
}

/** Each row has a protocol of its own; what is said of all of them is what they have in common, or how many there are. */
export function suiteResults({ title, command, suite, finished }: Reported): ResultsInput {
  const { rows } = suite;
  const runs = finished.flatMap(({ results }) => results ?? []);
  const datasets = distinct(rows.map(({ dataset }) => dataset));
  return {
    schema: RESULTS_SCHEMA,
    kind: "suite",
    title,
    created: new Date().toISOString(),
    protocol: oneOf(
      rows.map(({ protocol }) => protocol),
      "protocols, each row has its own",
    ),
    split: oneOf(
      rows.map(({ split }) => split),
      "splits, each row has its own",
    ),
    seeds: distinct(rows.flatMap(({ seeds }) => seeds)),
    dataset: { name: datasets.join(", "), train: 0, test: 0, classes: null },
    model: {
      name: oneOf(
        runs.map(({ model }) => model.name),
        "models",
      ),
      architecture: oneOf(
        runs.map(({ model }) => model.architecture),
        "architectures",
      ),
      weightsDigest: oneOf(
        runs.map(({ model }) => model.weightsDigest),
        "checkpoints, named in the jobs",
      ),
    },
    results: [],
    suite,
    command,
    durationSeconds: finished.reduce((sum, { seconds }) => sum + seconds, 0),
    images: runs.reduce((sum, { images }) => sum + images, 0),
  };
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** The value they share, else how many of `what` there are. */
function oneOf(values: readonly string[], what: string): string {
  const [first = "not recorded", ...others] = distinct(values);
  return others.length === 0 ? first : `${others.length + 1} ${what}`;
}
