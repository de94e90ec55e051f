/** From settings to what is drawn: process, sampler, and a class for every image where there are classes. */
import type { Architecture } from "@difftap/backbone";
import { DifftapError, randomIntegers, streams } from "@difftap/core";
import {
  createSchedule,
  type MeanType,
  type ModelKind,
  respace,
  type Sampler,
  type Schedule,
  type VarianceType,
} from "@difftap/scheduler";
import type { Guide } from "./guide.js";
import type { SampleSettings } from "./sample-options.js";

export interface SamplePlan {
  readonly schedule: Schedule;
  readonly kind: ModelKind;
  readonly sampler: Sampler;
  readonly respacing: string;
  readonly count: number;
  readonly batch: number;
  readonly seed: number;
  /** Side in pixels. */
  readonly size: number;
  /** One for each image. */
  readonly labels: Int32Array | undefined;
}

const meanTypes: Readonly<Record<SampleSettings["prediction"], MeanType>> = {
  epsilon: "EPSILON",
  x_start: "START_X",
  v: "VELOCITY",
};

/**
 * Networks without a learned variance are sampled with β_t unless told otherwise, as the reference does.
 * @throws DifftapError CONFIG_INVALID for a respacing that cannot be had, a variance that the network does not have, an eta without
 * DDIM, labels that nothing asks for or that do not exist.
 */
export function planSamples(
  settings: SampleSettings,
  architecture: Architecture,
  guide: Guide | undefined,
): SamplePlan {
  const { steps, count, batch, seed, prediction } = settings;
  return {
    schedule: respace(createSchedule(architecture.diffusion), steps),
    kind: {
      mean: meanTypes[prediction],
      variance: varianceOf(settings, architecture),
    },
    sampler: samplerOf(settings),
    respacing: steps,
    count,
    batch,
    seed,
    size: settings.size ?? architecture.imageSize,
    labels: labelsOf(settings, architecture, guide),
  };
}

function varianceOf({ variance }: SampleSettings, { learnSigma }: Architecture): VarianceType {
  const fitting = learnSigma
    ? (["LEARNED_RANGE", "LEARNED"] as const)
    : (["FIXED_LARGE", "FIXED_SMALL"] as const);
  const found = variance === undefined ? fitting[0] : fitting.find((type) => type === variance);
  if (found !== undefined) return found;
  const learned = learnSigma ? "learned its variance" : "learned no variance";
  throw new DifftapError(
    "CONFIG_INVALID",
    `variance ${variance} was asked for, but this network ${learned}`,
    {
      hint: `take ${fitting.join(" or ")}`,
    },
  );
}

function samplerOf({ sampler, eta }: SampleSettings): Sampler {
  if (sampler === "ddim") return { name: "ddim", eta: eta ?? 0 };
  if (eta === undefined) return { name: "ddpm" };
  throw new DifftapError("CONFIG_INVALID", `eta ${eta} was given to DDPM, which has none`, {
    hint: "leave --eta out, or take --sampler ddim",
  });
}

function labelsOf(
  { labels, count, seed }: SampleSettings,
  { classes }: Architecture,
  guide: Guide | undefined,
): Int32Array | undefined {
  const known = [classes, guide?.classes].filter((each) => each != null);
  if (known.length === 0) {
    if (labels === undefined) return undefined;
    throw new DifftapError("CONFIG_INVALID", "labels were given, but this network knows no classes", {
      hint: "leave --labels out, or guide the network with --classifier or --guide-head",
    });
  }
  const limit = Math.min(...known);
  if (labels === undefined)
    return Int32Array.from({ length: count }, (_, index) => anyLabel(seed, index, limit));
  const wrong = labels.find((label) => label >= limit);
  if (wrong === undefined) return Int32Array.from({ length: count }, (_, i) => labels[i % labels.length]!);
  throw new DifftapError("CONFIG_INVALID", `label ${wrong} is not one of the classes 0 to ${limit - 1}`, {
    hint: "classes are counted from 0",
  });
}

const anyLabel = (seed: number, index: number, classes: number) =>
  randomIntegers({ seed, stream: streams.labels, index }, classes, 1)[0]!;
