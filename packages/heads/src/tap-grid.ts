/** Which taps a head was given, as heads want them: a single one, or a grid of blocks × timesteps. */
import { DifftapError } from "@difftap/core";
import type { HeadTap } from "./tap.js";

/**
 * The one tap of a head that reads one.
 * @throws DifftapError REQUEST_INVALID for none or several.
 */
export function onlyTap(head: string, taps: readonly HeadTap[]): HeadTap {
  if (taps.length === 1) return taps[0]!;
  throw refuse(
    `the ${head} head reads one tap, given: ${namesOf(taps)}`,
    taps,
    "name one block and one timestep",
  );
}

/** One block's map at each timestep. */
export interface TapColumn {
  readonly block: number;
  at(timestep: HeadTap["timestep"]): HeadTap;
}

export interface TapGrid {
  /** In the order of their first appearance. */
  readonly columns: readonly TapColumn[];
  readonly timesteps: readonly HeadTap["timestep"][];
}

/**
 * Taps of every block at every timestep, each once.
 * @throws DifftapError REQUEST_INVALID for none, for gaps or repetitions, and for a block whose maps differ between timesteps.
 */
export function gridOf(head: string, taps: readonly HeadTap[]): TapGrid {
  const blocks = [...new Set(taps.map(({ block }) => block))];
  const timesteps = [...new Set(taps.map(({ timestep }) => timestep))];
  const find = (timestep: HeadTap["timestep"], block: number) =>
    taps.filter((tap) => tap.timestep === timestep && tap.block === block);
  for (const timestep of timesteps) {
    for (const block of blocks) checkPlace(head, find(timestep, block), { timestep, block, taps });
  }
  if (taps.length === 0) throw refuse(`the ${head} head got no tap`, taps, "name blocks and timesteps");
  for (const block of blocks) checkSameMaps(head, block, taps);
  const columns = blocks.map((block) => ({
    block,
    at: (timestep: HeadTap["timestep"]) => find(timestep, block)[0]!,
  }));
  return { columns, timesteps };
}

function checkPlace(
  head: string,
  found: readonly HeadTap[],
  { timestep, block, taps }: { timestep: HeadTap["timestep"]; block: number; taps: readonly HeadTap[] },
): void {
  if (found.length === 1) return;
  const place = `block ${block} at timestep ${timestep}`;
  const problem = found.length === 0 ? `lacks ${place}` : `got ${place} more than once`;
  throw refuse(
    `the ${head} head ${problem}, given: ${namesOf(taps)}`,
    taps,
    "it reads every block at every timestep, each once",
  );
}

/**
 * One tokenizer serves all timesteps of a block.
 * @throws DifftapError REQUEST_INVALID where its maps differ.
 */
export function checkSameMaps(head: string, block: number, taps: readonly HeadTap[]): void {
  const own = taps.filter((tap) => tap.block === block);
  const sizes = new Set(own.map(sizeOf));
  if (sizes.size === 1) return;
  const given = own.map((tap) => `${tap.name} ${sizeOf(tap)}`).join(", ");
  throw refuse(
    `the ${head} head shares a tokenizer over the timesteps of block ${block}, whose maps differ: ${given}`,
    taps,
    "pool them alike at extraction",
  );
}

function sizeOf({ channels, height, width }: HeadTap): string {
  return `${channels}×${height}×${width}`;
}

function namesOf(taps: readonly HeadTap[]): string {
  return taps.map(({ name }) => name).join(", ") || "none";
}

function refuse(message: string, taps: readonly HeadTap[], hint: string): DifftapError {
  return new DifftapError("REQUEST_INVALID", message, {
    hint,
    details: { taps: taps.map(({ name }) => name) },
  });
}
