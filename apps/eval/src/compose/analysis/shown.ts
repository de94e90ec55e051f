/** Of everything that is measured, what is shown in pictures. */
import { findBlock } from "@difftap/backbone";
import { DifftapError, type NdArray } from "@difftap/core";
import { type ImageBatch, loadImages } from "@difftap/datasets";
import type { Selection } from "../images.js";
import { encodePng, fromPlanes, pngAddress } from "../png.js";
import { spread } from "../spread.js";
import type { CellGrid } from "./cell.js";
import type { AnalysisSession } from "./session.js";

/** Cells that pictures are made of: four blocks spread evenly at the middle timestep, unless others were asked for. */
export function shownCells({ grid, settings, network }: AnalysisSession): CellGrid["cells"] {
  const wanted = settings.shownBlocks === "all" ? grid.blocks : settings.shownBlocks;
  for (const block of wanted ?? []) findBlock(network.blocks, block);
  const blocks = wanted ?? spread(grid.blocks, 4);
  const timesteps = settings.shownTimesteps ?? [grid.timesteps[Math.floor(grid.timesteps.length / 2)]!];
  const shown = grid.cells.filter((cell) => blocks.includes(cell.block) && timesteps.includes(cell.timestep));
  if (shown.length > 0) return shown;
  throw new DifftapError(
    "REQUEST_INVALID",
    "none of the blocks and timesteps to be shown is among those that are read",
    {
      hint: "--shown-blocks and --shown-timesteps choose among --blocks and --timesteps",
    },
  );
}

/** Places of the test images that are shown. @throws DifftapError REQUEST_INVALID for one that is not there. */
export function shownPlaces({
  settings,
  test,
}: Pick<AnalysisSession, "settings" | "test">): readonly number[] {
  const { show } = settings;
  const wrong = show.find((place) => place >= test.count);
  if (wrong === undefined) return show;
  throw new DifftapError("REQUEST_INVALID", `there is no test image ${wrong} to show`, {
    hint: `their places are 0 … ${test.count - 1}`,
    details: { place: wrong, count: test.count },
  });
}

/** Images of a selection by their places, in one batch, as the network sees them. */
export async function imagesAt(
  { dataset, indices }: Selection,
  places: readonly number[],
  size: number,
): Promise<ImageBatch> {
  const chosen = places.map((place) => indices[place]!);
  const options = { indices: chosen, size, batch: chosen.length, onCorrupt: "fail" } as const;
  for await (const batch of loadImages(dataset, options)) return batch;
  throw new DifftapError("USAGE_INVALID", "no images to show");
}

/** What pictures are called: the class where it has a name. */
export function labelOf(classNames: readonly string[] | null, label: number): { label?: string } {
  return label < 0 ? {} : { label: classNames?.[label] ?? String(label) };
}

/** data: address of one of square images [N, 3, size, size]. */
export function addressOf({ shape, data }: NdArray<"uint8">, row: number): string {
  const [, channels, height, width] = shape as [number, number, number, number];
  const length = channels * height * width;
  return pngAddress(encodePng(fromPlanes(data.subarray(row * length, (row + 1) * length), width, height)));
}
