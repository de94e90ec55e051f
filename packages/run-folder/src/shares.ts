/** Parts of a whole, from 0 to 1, and what their sums may be. */
import { z } from "zod";
import type { Timestep } from "./parts.js";

/** What rounding to four places may add up to over the cells of some maps. */
const SUM_SLACK = 0.02;

export const share = z.number().min(0).max(1);

export interface ShareAt {
  readonly timestep: Timestep;
  readonly share: number;
}

/** Says which timestep's shares sum to more than 1; undefined when none does. */
export function overfull(shares: readonly ShareAt[]): string | undefined {
  for (const when of new Set(shares.map(({ timestep }) => timestep))) {
    const total = sum(shares.filter(({ timestep }) => timestep === when).map((part) => part.share));
    const at = when === "clean" ? "on clean images" : `at timestep ${when}`;
    if (total > 1 + SUM_SLACK) return `the shares ${at} sum to ${total}, more than 1`;
  }
  return undefined;
}

/** Says that weights do not sum to 1; undefined when they do. */
export function notWhole(weights: readonly number[]): string | undefined {
  const total = sum(weights);
  return Math.abs(total - 1) > SUM_SLACK ? `the weights sum to ${total}, not 1` : undefined;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
