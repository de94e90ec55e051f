/** A pair of images as it is shown: each point with the tap that finds it best, and what the shown taps make of it. */
import type { CorrespondenceExample } from "@difftap/run-folder";
import { type Cell, cellName } from "./cell.js";
import type { FoundPoint, FoundPoints } from "./found-points.js";
import type { AnalysisSession } from "./session.js";
import { addressOf, labelOf, shownCells } from "./shown.js";

type ShownMatch = CorrespondenceExample["points"][number]["best"];

export function exampleOf(
  session: AnalysisSession,
  title: string,
  { from, to, points, truth, byCell }: FoundPoints,
): CorrespondenceExample {
  const { size, settings, test, grid, classNames } = session;
  const picture = ({ id, label, image }: FoundPoints["from"]) => ({
    id,
    ...labelOf(classNames, label),
    image: addressOf(image, 0),
  });
  const at = (cell: Cell, place: number) => shownMatch(cell, byCell.get(cellName(cell))![place]!);
  const shown = shownCells(session);
  return {
    ...{ title, from: picture(from), to: picture(to), size, judge: truth ? "truth" : "round trip" },
    points: points.map(({ x, y }, place) => ({
      ...{ x: rounded(x), y: rounded(y) },
      ...(truth && { truth: { x: rounded(truth[place]!.x), y: rounded(truth[place]!.y) } }),
      best: grid.cells
        .map((cell) => at(cell, place))
        .reduce((best, match) => (match.distance < best.distance ? match : best)),
      matches: shown.map((cell) => at(cell, place)),
    })),
    protocol: `best cell by cosine similarity, of ${grid.cells.length} taps`,
    split: test.about,
    n: Math.max(1, points.length),
    seeds: [settings.seed],
  };
}

function shownMatch(cell: Cell, { x, y, similarity, distance }: FoundPoint): ShownMatch {
  const { block, timestep } = cell;
  return {
    block,
    timestep,
    x: rounded(x),
    y: rounded(y),
    similarity: rounded(similarity),
    distance: rounded(distance),
  };
}

/** To three places: thousandths of a pixel. */
const rounded = (value: number) => Math.round(1000 * value) / 1000;
