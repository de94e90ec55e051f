/** Which taps a head was given, as heads want them: one place in the network, or a grid of blocks × timesteps; at one size of images or several. */
import type { ImageSize } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import { type HeadTap, sizeSuffix } from "./tap.js";

/**
 * The taps of a head that reads one block at one timestep: one for each size of images.
 * @throws DifftapError REQUEST_INVALID for none, for several places, and for a size given twice.
 */
export function onePlace(head: string, taps: readonly HeadTap[]): readonly [HeadTap, ...HeadTap[]] {
  const places = new Set(taps.map(({ block, timestep }) => `${block} ${timestep}`));
  const columns = new Set(taps.map(columnName));
  if (places.size === 1 && columns.size === taps.length) return taps as [HeadTap, ...HeadTap[]];
  throw refuse(
    `the ${head} head reads one block at one timestep, at each size of images once, given: ${namesOf(taps)}`,
    taps,
    "name one block and one timestep",
  );
}

/** What the parameters of a block are called that images of each size have for themselves: "9", "9@48". */
export function columnName({ block, size }: Pick<HeadTap, "block" | "size">): string {
  return `${block}${sizeSuffix(size)}`;
}

/** One block's map, from images of one size, at each timestep. */
export interface TapColumn {
  readonly block: number;
  /** Of the images, where it is another than the run's. */
  readonly size?: ImageSize | undefined;
  at(timestep: HeadTap["timestep"]): HeadTap;
}

export interface TapGrid {
  /** In the order of their first appearance. */
  readonly columns: readonly TapColumn[];
  readonly timesteps: readonly HeadTap["timestep"][];
}

/**
 * Taps of every block, and every size it is read at, at every timestep, each once.
 * @throws DifftapError REQUEST_INVALID for none, for gaps or repetitions, and for a column whose maps differ between timesteps.
 */
export function gridOf(head: string, taps: readonly HeadTap[]): TapGrid {
  const columns = [...new Map(taps.map((tap) => [columnName(tap), tap])).values()];
  const timesteps = [...new Set(taps.map(({ timestep }) => timestep))];
  const find = (timestep: HeadTap["timestep"], column: HeadTap) =>
    taps.filter((tap) => tap.timestep === timestep && columnName(tap) === columnName(column));
  for (const timestep of timesteps) {
    for (const column of columns) checkPlace(head, find(timestep, column), { timestep, column, taps });
  }
  if (taps.length === 0) throw refuse(`the ${head} head got no tap`, taps, "name blocks and timesteps");
  for (const column of columns) checkSameMaps(head, column, taps);
  return {
    timesteps,
    columns: columns.map((column) => ({
      block: column.block,
      ...(column.size && { size: column.size }),
      at: (timestep) => find(timestep, column)[0]!,
    })),
  };
}

function checkPlace(
  head: string,
  found: readonly HeadTap[],
  { timestep, column, taps }: { timestep: HeadTap["timestep"]; column: HeadTap; taps: readonly HeadTap[] },
): void {
  if (found.length === 1) return;
  const place = `block ${columnName(column)} at timestep ${timestep}`;
  const problem = found.length === 0 ? `lacks ${place}` : `got ${place} more than once`;
  throw refuse(
    `the ${head} head ${problem}, given: ${namesOf(taps)}`,
    taps,
    "it reads every block, at each size of images, at every timestep, each once",
  );
}

/**
 * One tokenizer serves all timesteps of a block; images of another size have another.
 * @throws DifftapError REQUEST_INVALID where its maps differ.
 */
export function checkSameMaps(
  head: string,
  column: Pick<HeadTap, "block" | "size">,
  taps: readonly HeadTap[],
): void {
  const own = taps.filter((tap) => columnName(tap) === columnName(column));
  const maps = new Set(own.map(mapSize));
  if (maps.size === 1) return;
  const given = own.map((tap) => `${tap.name} ${mapSize(tap)}`).join(", ");
  throw refuse(
    `the ${head} head shares a tokenizer over the timesteps of block ${columnName(column)}, whose maps differ: ${given}`,
    taps,
    "pool them alike at extraction",
  );
}

function mapSize({ channels, height, width }: HeadTap): string {
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
