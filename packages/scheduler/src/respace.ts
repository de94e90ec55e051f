/**
 * Respacing: a shorter process over some of the timesteps, its betas recomputed from the kept ᾱ.
 * The network is still fed the original timesteps. Source: guided-diffusion, respace.py.
 */
import { DifftapError } from "@difftap/core";
import { type DiffusionConfig, namedBetas } from "./betas.js";
import { networkTimesteps, type Schedule, scheduleFromBetas } from "./schedule.js";

export interface RespacedSchedule extends Schedule {
  /** Original index of each kept step, ascending. */
  readonly keptTimesteps: readonly number[];
}

/**
 * The timesteps that a specification keeps. "250": that many, evenly; "10,15,20": that many in each of equal sections;
 * "ddim50": the smallest whole stride from 0 that gives exactly so many.
 * @throws DifftapError CONFIG_INVALID when a section has fewer steps than asked for, or no stride fits.
 */
export function keptTimesteps(steps: number, specification: string): number[] {
  const ddim = /^ddim(\d+)$/.exec(specification);
  if (ddim) return stridden(steps, Number(ddim[1]), specification);
  if (!/^\d+(,\d+)*$/.test(specification)) {
    throw new DifftapError("CONFIG_INVALID", `"${specification}" is no respacing`, {
      hint: 'write "250", "10,15,20" or "ddim50"',
    });
  }
  return sectioned(steps, specification.split(",").map(Number), specification);
}

/** The process over the kept timesteps of a named schedule. @throws DifftapError CONFIG_INVALID */
export function respacedSchedule(config: DiffusionConfig, specification: string): RespacedSchedule {
  const kept = keptTimesteps(config.steps, specification);
  return {
    ...scheduleFromBetas(keptBetas(config, kept), networkTimesteps(config, kept)),
    keptTimesteps: kept,
  };
}

/** β of each kept step: 1 − ᾱ over the ᾱ of the kept step before. */
function keptBetas(config: DiffusionConfig, kept: readonly number[]): Float64Array {
  let alphaBar = 1;
  const cumulative = namedBetas(config.schedule, config.steps).map((beta) => {
    alphaBar *= 1 - beta;
    return alphaBar;
  });
  return Float64Array.from(
    kept,
    (t, index) => 1 - cumulative[t]! / (index === 0 ? 1 : cumulative[kept[index - 1]!]!),
  );
}

function stridden(steps: number, count: number, specification: string): number[] {
  for (let stride = 1; stride < steps || stride === 1; stride++) {
    if (Math.ceil(steps / stride) === count)
      return Array.from({ length: count }, (_, index) => index * stride);
  }
  throw new DifftapError(
    "CONFIG_INVALID",
    `no whole stride through ${steps} steps gives exactly ${count} ("${specification}")`,
    {
      hint: `use "${count}" to keep that many, unevenly spaced`,
      details: { steps, count },
    },
  );
}

function sectioned(steps: number, counts: readonly number[], specification: string): number[] {
  const size = Math.floor(steps / counts.length);
  const longer = steps % counts.length;
  let start = 0;
  return counts.flatMap((count, section) => {
    const length = size + (section < longer ? 1 : 0);
    if (count > length || count < 1) {
      throw new DifftapError(
        "CONFIG_INVALID",
        `section ${section + 1} of "${specification}" has ${length} steps, ${count} were asked for`,
        {
          hint: `ask for 1 to ${length} steps there`,
          details: { section, length, count },
        },
      );
    }
    const kept = spread(start, length, count);
    start += length;
    return kept;
  });
}

/** The stride is accumulated and each sum rounded, as the reference does, so that the last step of a section is its end. */
function spread(start: number, length: number, count: number): number[] {
  const stride = count <= 1 ? 1 : (length - 1) / (count - 1);
  let place = 0;
  return Array.from({ length: count }, () => {
    const kept = start + roundHalfToEven(place);
    place += stride;
    return kept;
  });
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
