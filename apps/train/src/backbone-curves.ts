/** The lines of a pretraining's metrics.jsonl as curves over steps, and as the losses that it ended with. */
import {
  type Curve,
  type CurvePoint,
  type MetricRecord,
  type ResultsInput,
  thinPoints,
} from "@difftap/run-folder";

/** Steps that the last losses are means over: one step's is noise. */
const LAST = 50;
/** Of a normal distribution, for a 95 % interval. */
const DEVIATIONS = 1.96;

const shown = [
  { value: "mse", name: "squared error", yLabel: "squared error", unit: "" },
  { value: "vb", name: "variational term", yLabel: "bits per dimension", unit: "bits per dimension" },
] as const;

const all = [...shown, { value: "learningRate", name: "learning rate", yLabel: "learning rate" }] as const;

/** One for each value that is not 0 throughout. */
export function curvesOf(metrics: readonly MetricRecord[]): Curve[] {
  return all.flatMap(({ value, name, yLabel }) => {
    const points = metrics.flatMap(({ step, values }): CurvePoint[] =>
      value in values ? [[step, values[value]!]] : [],
    );
    const curve = { name, xLabel: "step", yLabel, points: thinPoints(points), split: "train" };
    return points.some(([, y]) => y !== 0) ? [curve] : [];
  });
}

/** Means over the last steps, whose spread gives the interval. */
export function lastLosses(
  metrics: readonly MetricRecord[],
  batch: number,
  facts: { readonly protocol: string; readonly split: string; readonly seeds: number[] },
): ResultsInput["results"] {
  const last = metrics.slice(-LAST);
  return shown.flatMap(({ value, name, unit }) => {
    const values = last.map(({ values: each }) => each[value] ?? 0);
    const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
    if (!values.some((each) => each !== 0)) return [];
    const variance =
      values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, values.length - 1);
    const reach = DEVIATIONS * Math.sqrt(variance / values.length);
    const over = `training loss, mean over the last ${values.length} steps`;
    return [
      {
        ...facts,
        metric: name,
        value: mean,
        unit,
        interval: [mean - reach, mean + reach] as [number, number],
        n: values.length * batch,
        protocol: `${over}; ${facts.protocol}`,
      },
    ];
  });
}
