/** Numbers as the page prints them. */
import type { Interval, Timestep } from "@difftap/run-folder";

const NARROW_SPACE = "\u202F";

/** One place, halves away from zero in decimal: 57.65 is 57.7, though its double lies below. */
export function onePlace(value: number): string {
  return (Math.sign(value) * (Math.round(Math.abs(value) * 10 + 1e-9) / 10)).toFixed(1);
}

/** "57.7 %"; other units with four figures. */
export function measured(value: number, unit: string): string {
  return unit === "%"
    ? `${onePlace(value)}${NARROW_SPACE}%`
    : `${figures(value)}${unit === "" ? "" : `${NARROW_SPACE}${unit}`}`;
}

/** "57.7 ± 0.3 %"; without a deviation as `measured`. */
export function plusMinus(mean: number, deviation: number | null, unit: string): string {
  if (deviation === null) return measured(mean, unit);
  const print = unit === "%" ? onePlace : figures;
  return `${print(mean)}\u00A0±\u00A0${measured(deviation, unit)}`;
}

/** A paper's per cent with the places it prints: one or two. */
export const asReported = (top1: number): string => `${top1.toFixed(2).replace(/0$/, "")}${NARROW_SPACE}%`;

/** A share of 1 in per cent: "12.3 %" */
export const sharePercent = (share: number): string => measured(100 * share, "%");

/** The same with its deviation. */
export const sharePlusMinus = (share: number, deviation: number | null): string =>
  plusMinus(100 * share, deviation === null ? null : 100 * deviation, "%");

/** "Top-1 …" for "top-1 …"; words such as mIoU begin as they are written. */
export const upperFirst = (text: string): string =>
  /^[a-z][A-Z]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);

/** "56.1–59.2" */
export function range([low, high]: Interval, unit: string): string {
  const print = unit === "%" ? onePlace : figures;
  return `${print(low)}–${print(high)}`;
}

/** Four significant figures, three before an exponent, without trailing zeros. */
export function figures(value: number): string {
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)
    ? Number(value.toPrecision(3)).toExponential().replace("e-", "e−").replace("e+", "e")
    : String(Number(value.toPrecision(4)));
}

/** "12,000" */
export const counted = (value: number): string => value.toLocaleString("en");

/** "t = 10", "clean" */
export const timestepName = (timestep: Timestep): string =>
  timestep === "clean" ? "clean" : `t\u00A0=\u00A0${timestep}`;

/** "block 9, t = 10, pool 2" */
export function tapName(tap: { block: number; timestep: Timestep; pool: number | "map" }): string {
  return `block ${tap.block}, ${timestepName(tap.timestep)}, ${tap.pool === "map" ? "whole map" : `pool ${tap.pool}`}`;
}

/** "1 h 2 min", "3 min 5 s", "12.5 s" */
export function duration(seconds: number): string {
  if (seconds < 60) return `${figures(seconds)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "seed 0", "seeds 0, 1, 2" */
export const seedNames = (seeds: readonly number[]): string =>
  `${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}`;

/** "n = 4,000" */
export const sampleSize = (n: number): string => `n\u00A0=\u00A0${counted(n)}`;
