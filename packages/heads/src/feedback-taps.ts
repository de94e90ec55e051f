/** What DifFeed reads of both passes, by name. */
import { type FeedbackPlan, planFeedback } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import type { HeadNetwork } from "./network.js";
import { describeTap, type HeadTap } from "./tap.js";
import { gridOf, type TapColumn } from "./tap-grid.js";

export interface FeedbackChoice {
  readonly feedback: { readonly blocks: readonly number[] };
  /** Blocks read in each pass; in pass 2 all of the taps' unless given. */
  readonly passes: { readonly first: readonly number[]; readonly second?: readonly number[] | undefined };
}

export interface FeedbackTaps {
  readonly plan: FeedbackPlan;
  readonly timesteps: readonly HeadTap["timestep"][];
  /** Those of pass 1, then those of pass 2; maps are whole. */
  readonly first: readonly TapColumn[];
  readonly second: readonly TapColumn[];
  /** Whole maps that pass 1 gives to pass 2, at each timestep. */
  readonly needed: readonly TapColumn[];
}

/**
 * @throws DifftapError REQUEST_INVALID for taps that are no grid of blocks × timesteps, for blocks of `passes` that are no taps and taps
 * that no pass reads, for taps of images of another size than the network's, and as `planFeedback`.
 */
export function feedbackTaps(
  { feedback, passes }: FeedbackChoice,
  taps: readonly HeadTap[],
  { blocks, size }: HeadNetwork,
): FeedbackTaps {
  checkOneSize(taps);
  const grid = gridOf("diffeed", taps);
  const known = grid.columns.map(({ block }) => block);
  const second = passes.second ?? known;
  checkPasses(known, passes.first, second);
  const plan = planFeedback(blocks, { blocks: feedback.blocks, read: second });
  const whole = (block: number, timestep: HeadTap["timestep"]) =>
    describeTap(blocks, { block, timestep, pool: "map", size });
  const firstPass = (block: number): TapColumn => ({
    block,
    at(timestep) {
      const tap = whole(block, timestep);
      return { ...tap, name: `${tap.name}-map` };
    },
  });
  const secondPass = (block: number): TapColumn => ({
    block,
    at(timestep) {
      const tap = whole(block, timestep);
      return { ...tap, name: `${tap.name}-pass2`, pass: 2 };
    },
  });
  return {
    plan,
    timesteps: grid.timesteps,
    first: passes.first.map(firstPass),
    second: second.map(secondPass),
    needed: plan.needed.map(firstPass),
  };
}

/** Every input of some columns, each once. */
export function tapsOfColumns(
  columns: readonly TapColumn[],
  timesteps: FeedbackTaps["timesteps"],
): HeadTap[] {
  const taps = timesteps.flatMap((timestep) => columns.map(({ at }) => at(timestep)));
  return [...new Map(taps.map((tap) => [tap.name, tap])).values()];
}

function checkOneSize(taps: readonly HeadTap[]): void {
  const other = taps.find(({ size }) => size !== undefined);
  if (other === undefined) return;
  throw new DifftapError(
    "UNSUPPORTED",
    `feedback runs the network at one size of images, and ${other.name} is read at another`,
    {
      hint: "give it taps of one size; difformer fuses several",
      details: { tap: other.name },
    },
  );
}

function checkPasses(known: readonly number[], first: readonly number[], second: readonly number[]): void {
  for (const blocks of [first, second]) {
    const twice = blocks.find((block, index) => blocks.indexOf(block) !== index);
    if (twice !== undefined) throw refuse(`block ${twice} is there twice in one pass`, known);
    const strange = blocks.find((block) => !known.includes(block));
    if (strange !== undefined) throw refuse(`block ${strange} of passes is none of the taps`, known);
  }
  const unread = known.find((block) => !first.includes(block) && !second.includes(block));
  if (unread !== undefined) throw refuse(`block ${unread} is a tap, but read in no pass`, known);
}

function refuse(problem: string, known: readonly number[]): DifftapError {
  return new DifftapError("REQUEST_INVALID", `the diffeed head: ${problem}`, {
    hint: `passes.first and passes.second share out the taps' blocks, ${known.join(", ")}`,
    details: { known },
  });
}
