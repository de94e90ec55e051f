/** How many workers, and how many threads in each. */
import { DifftapError } from "@difftap/core";

/**
 * Every worker holds the weights once more, so together they may take this much; a network beyond half of it runs
 * in one worker with all cores. Workers with a thread each beat threads of one session: no layer waits for another.
 */
const WEIGHT_BYTES = 1 << 30;

/** @throws DifftapError USAGE_INVALID for counts that are no whole numbers from 1. */
export function divideCores(
  cores: number,
  weightBytes: number,
  asked: { readonly workers?: number | undefined; readonly threads?: number | undefined },
): { workers: number; threads: number } {
  checkCount("workers", asked.workers);
  checkCount("threads", asked.threads);
  const affordable = Math.max(1, Math.floor(WEIGHT_BYTES / weightBytes));
  const workers = asked.workers ?? Math.min(affordable, Math.ceil(cores / (asked.threads ?? 1)));
  const threads = asked.threads ?? Math.max(1, Math.floor(cores / workers));
  return { workers, threads };
}

function checkCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return;
  throw new DifftapError("USAGE_INVALID", `${name} is ${value}, it must be a whole number from 1`);
}
