/** What a choice of cell lost against the best cell of a whole grid. */
import { DifftapError } from "@difftap/core";
import { differenceInterval } from "@difftap/metrics";
import { type Choice, type Grid, readRunFolder } from "@difftap/run-folder";
import { type Cell, cellName, isSame, type Measure } from "./cell.js";

type Regret = NonNullable<Choice["regret"]>;

/** A measured cell; top-1 in per cent. */
export interface MeasuredCell extends Cell, Measure {}

/**
 * Best minus chosen, in points, with an interval as if both had been measured on images of their own.
 * @throws DifftapError REQUEST_INVALID when the chosen cell was not measured.
 */
export function regretOf(
  cells: readonly MeasuredCell[],
  chosen: Cell,
  said: Pick<Regret, "protocol" | "split" | "n" | "seeds">,
): Regret {
  const own = cells.find((cell) => isSame(cell, chosen));
  if (!own) {
    throw new DifftapError(
      "REQUEST_INVALID",
      `the grid has no number for ${cellName(chosen)}, which was chosen`,
      {
        hint: "choose among the blocks and timesteps of the grid",
        details: { chosen: cellName(chosen), measured: cells.map(cellName) },
      },
    );
  }
  // Of equal ones the chosen: then nothing was lost.
  const best = cells.reduce((held, cell) => (cell.value > held.value ? cell : held), own);
  const { block, timestep } = best;
  return {
    value: best.value - own.value,
    interval: best === own ? [0, 0] : differenceInterval(best, own),
    best: { block, timestep, top1: best.value },
    chosenTop1: own.value,
    ...said,
  };
}

/** Cells of a finished run of difftap-eval grid, and how they were measured. @throws DifftapError REQUEST_INVALID for another run. */
export async function openGridRun(path: string): Promise<{ cells: MeasuredCell[]; grid: Grid }> {
  const { grid } = (await readRunFolder(path)).results;
  if (grid) return { cells: cellsOf(grid), grid };
  throw new DifftapError("REQUEST_INVALID", `${path} holds no grid`, {
    hint: "--grid-run takes a run folder of difftap-eval grid",
    details: { path },
  });
}

function cellsOf({ blocks, timesteps, top1, interval }: Grid): MeasuredCell[] {
  return timesteps.flatMap((timestep, row) =>
    blocks.flatMap((block, column) => {
      const [value, ends] = [top1[row]![column], interval[row]![column]];
      return value == null || ends == null ? [] : [{ block, timestep, value, interval: ends }];
    }),
  );
}
