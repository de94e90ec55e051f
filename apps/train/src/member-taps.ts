/** Which of a run's taps each head reads. */
import { DifftapError } from "@difftap/core";
import type { HeadTap } from "@difftap/heads";
import type { OneHead } from "./one-head.js";

/** The taps of each head: one head for all of them, or one for each. */
export function groupsOf({ each }: Pick<OneHead, "each">, taps: readonly HeadTap[]): (readonly HeadTap[])[] {
  return each === "array" ? taps.map((tap) => [tap]) : [taps];
}

/** Those that an entry of the list names; all unless it names some. @throws DifftapError REQUEST_INVALID for a tap that is not read. */
export function tapsOf({ head, reads }: OneHead, taps: readonly HeadTap[]): readonly HeadTap[] {
  return reads?.map((wanted) => findTap(wanted, taps, head)) ?? taps;
}

function findTap(wanted: string, taps: readonly HeadTap[], head: string): HeadTap {
  const found = taps.find(({ name }) => name === wanted);
  if (found) return found;
  const names = taps.map(({ name }) => name);
  throw new DifftapError("REQUEST_INVALID", `head ${head} asks for ${wanted}, which this run does not read`, {
    hint: `it reads ${names.join(", ")}`,
    details: { head, wanted, names },
  });
}
