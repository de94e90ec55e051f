/** Taking only some steps of a diffusion process. Source: guided-diffusion, respace.py; Song et al. 2020 (arXiv 2010.02502) for ddimN. */
import { DifftapError } from "@difftap/core";
import { createSchedule, type Schedule } from "./schedule.js";

/** "250", "10,15,20" (steps of each of so many equal sections), "ddim50", or the sections as numbers. */
export type Respacing = string | readonly number[];

/**
 * The process that visits only the timesteps that `respacing` keeps, its betas recomputed from the kept ᾱ.
 * The network is fed what the original process fed at those timesteps. One step is enough.
 * @throws DifftapError CONFIG_INVALID for a respacing that cannot be had; the message says which section is at fault.
 */
export function respace(schedule: Schedule, respacing: Respacing): Schedule {
  const kept = spaceTimesteps(schedule.steps, respacing);
  const alphaBar = (i: number) => (i < 0 ? 1 : schedule.alphasCumprod[kept[i]!]!);
  return createSchedule({
    betas: kept.map((_, i) => 1 - alphaBar(i) / alphaBar(i - 1)),
    networkTimesteps: kept.map((t) => schedule.networkTimesteps[t]!),
  });
}

/**
 * The kept timesteps of a process of `steps`, ascending.
 * @throws DifftapError CONFIG_INVALID as `respace` does.
 */
export function spaceTimesteps(steps: number, respacing: Respacing): number[] {
  if (typeof respacing === "string" && respacing.startsWith("ddim")) {
    return evenTimesteps(steps, parseCount(respacing.slice("ddim".length), respacing), respacing);
  }
  const counts =
    typeof respacing === "string"
      ? respacing.split(",").map((part) => parseCount(part, respacing))
      : respacing.map((count) => parseCount(String(count), respacing));
  const kept = counts.flatMap((count, i) => sectionTimesteps(section(steps, counts.length, i), count));
  if (kept.length === 0) refuse(respacing, "keeps no timestep");
  return kept;
}

function parseCount(text: string, respacing: Respacing): number {
  if (!/^\s*\d{1,9}\s*$/.test(text)) refuse(respacing, `${JSON.stringify(text)} is not a number of steps`);
  return Number(text);
}

/** The smallest whole stride from 0 that makes exactly `count` steps. */
function evenTimesteps(steps: number, count: number, respacing: Respacing): number[] {
  for (let stride = 1; stride <= steps; stride++) {
    if (Math.ceil(steps / stride) === count) return Array.from({ length: count }, (_, i) => i * stride);
  }
  return refuse(respacing, `no whole stride makes exactly ${count} of ${steps} steps`);
}

interface Section {
  readonly start: number;
  readonly size: number;
}

/** The i-th of n sections of `steps`, the first `steps mod n` of them being one longer. */
function section(steps: number, n: number, i: number): Section {
  const size = Math.floor(steps / n);
  const longer = steps % n;
  return { start: i * size + Math.min(i, longer), size: size + (i < longer ? 1 : 0) };
}

/** `count` timesteps of a section, the first and (from 2 on) the last included. */
function sectionTimesteps({ start, size }: Section, count: number): number[] {
  if (count > size) refuse(String(count), `a section of ${size} steps cannot give ${count}`);
  const stride = count <= 1 ? 1 : (size - 1) / (count - 1);
  // Accumulated, not multiplied: rounding errors decide which of two neighbours is kept, and checkpoints expect the reference's.
  let position = 0;
  return Array.from({ length: count }, () => {
    const timestep = start + roundHalfEven(position);
    position += stride;
    return timestep;
  });
}

/** To the nearest whole number, ties to the even one, as Python rounds. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

function refuse(respacing: Respacing, reason: string): never {
  throw new DifftapError("CONFIG_INVALID", `respacing "${String(respacing)}": ${reason}`, {
    hint: 'give the steps per section as "250" or "10,15,20", or "ddim50" for a whole stride',
    details: { respacing },
  });
}
