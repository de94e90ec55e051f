/** Drawn samples as a results file and on the terminal. */
import { join } from "node:path";
import type { BackboneRuntime } from "@difftap/backbone";
import type { CommandContext } from "@difftap/command-line";
import type { Distance } from "@difftap/metrics";
import { RESULTS_SCHEMA, type ResultsInput } from "@difftap/run-folder";
import type { Drawn } from "./draw-samples.js";
import type { Guide } from "./guide.js";
import { pngAddress } from "./png.js";
import { modelSummary } from "./run.js";
import type { MeasuredDistances } from "./sample-distances.js";
import type { SampleGrid } from "./sample-grid.js";
import type { SampleSettings } from "./sample-options.js";
import type { SamplePlan } from "./sample-plan.js";

export interface SampleOutcome {
  readonly settings: SampleSettings;
  readonly runtime: BackboneRuntime;
  readonly modelName: string;
  readonly plan: SamplePlan;
  readonly guide: Guide | undefined;
  readonly drawn: Drawn;
  readonly grid: SampleGrid;
  readonly distances: MeasuredDistances | undefined;
}

/** Everything that results.json holds of a run of samples. */
export function sampleResults(outcome: SampleOutcome, commandLine: string): ResultsInput {
  const { settings, runtime, modelName, plan, drawn, distances } = outcome;
  return {
    schema: RESULTS_SCHEMA,
    kind: "samples",
    title: settings.title ?? `Images that ${modelName} draws`,
    created: new Date().toISOString(),
    protocol: protocolOf(plan, outcome.guide),
    split: "generated",
    seeds: [plan.seed],
    dataset: {
      name: distances?.reference.name ?? "no reference images",
      train: 0,
      test: distances?.reference.count ?? 0,
      classes: null,
      ...(distances && { digest: distances.reference.digest }),
    },
    model: modelSummary(modelName, runtime),
    results: distances === undefined ? [] : distanceResults(distances, plan.seed),
    samples: samplesPart(outcome),
    command: commandLine,
    durationSeconds: drawn.seconds,
    images: plan.count,
  };
}

function samplesPart({ plan, guide, drawn, grid }: SampleOutcome): NonNullable<ResultsInput["samples"]> {
  const { count, size, sampler, respacing, schedule, labels } = plan;
  return {
    grid: pngAddress(grid.png),
    shown: grid.shown,
    columns: grid.columns,
    count,
    size,
    sampler: sampler.name,
    eta: sampler.name === "ddim" ? (sampler.eta ?? 0) : null,
    respacing,
    steps: schedule.steps,
    networkEvaluations: count * schedule.steps,
    seconds: drawn.seconds,
    ...(labels && { labels: [...labels] }),
    ...(guide && { guidance: { by: guide.by, scale: guide.scale } }),
  };
}

function protocolOf({ sampler, respacing, kind }: SamplePlan, guide: Guide | undefined): string {
  const step = sampler.name === "ddim" ? `DDIM, η ${sampler.eta}` : "DDPM";
  const guided = guide === undefined ? "" : `, guided by ${guide.by}, scale ${guide.scale}`;
  return `${step}, respacing ${respacing}, ${kind.mean}, ${kind.variance}, x_0 clipped${guided}`;
}

function distanceResults(measured: MeasuredDistances, seed: number): ResultsInput["results"] {
  const { frechet, kernel, features, tap, reference } = measured;
  const row = (metric: string, { value, interval, n }: Distance) => ({
    metric,
    value,
    unit: "",
    interval,
    n: n[0],
    protocol: `features: ${features}; interval by jackknife`,
    split: `${reference.name}, first ${n[1]} images`,
    seeds: [seed],
    name: `to ${reference.name}`,
    ...(tap && { tap }),
  });
  return [row("Fréchet distance", frechet), row("kernel distance", kernel)];
}

/** What was drawn and how far it is from the reference, in text or as JSON. */
export function printSamples(outcome: SampleOutcome, { terminal, json }: CommandContext): void {
  const { settings, plan, guide, drawn, distances } = outcome;
  const evaluations = plan.count * plan.schedule.steps;
  const files = { folder: join(settings.out, "samples"), grid: join(settings.out, "samples.png") };
  const { count, seed } = plan;
  if (json) {
    const { computed, seconds } = drawn;
    const said = { protocol: protocolOf(plan, guide), seed, networkEvaluations: evaluations, seconds };
    const labels = plan.labels && { labels: [...plan.labels] };
    terminal.data(
      `${JSON.stringify({ ...files, count, computed, ...said, ...labels, distances }, null, 2)}\n`,
    );
    return;
  }
  terminal.data(
    `${files.folder}: ${count} images, ${drawn.computed} drawn now; ${evaluations.toLocaleString("en")} network evaluations in ${drawn.seconds.toFixed(1)} s, seed ${seed}\n${protocolOf(plan, guide)}\n${files.grid}: the first ${outcome.grid.shown}\n`,
  );
  if (distances === undefined) return;
  const { frechet, kernel, features, reference } = distances;
  terminal.data(
    `to ${reference.name}, ${features}, seed ${seed}:\n${distanceLine("Fréchet distance", frechet)}${distanceLine("kernel distance", kernel)}`,
  );
}

function distanceLine(name: string, { value, interval, n }: Distance): string {
  const [low, high] = interval.map((end) => end.toPrecision(4));
  return `${name} ${value.toPrecision(4)} (95 % interval ${low} to ${high}, n = ${n[0]} and ${n[1]})\n`;
}
