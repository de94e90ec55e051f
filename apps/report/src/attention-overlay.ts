/** Attention as colours over a picture, in units of cells. */
import { cellColour } from "./colour-scale.js";
import { type Html, html } from "./html.js";

/** Colours of the overlay; one path for each keeps pages of many maps small. */
const LEVELS = 24;
/** So much of the picture shows through the colours. */
const OPACITY = 0.62;

export interface CellGrid {
  readonly height: number;
  readonly width: number;
}

/** The picture in grey with the cells over it, from nothing to the strongest cell; `picture` draws it one by one. */
export function attentionOverlay(weights: readonly number[], grid: CellGrid, picture: Html): Html {
  return html`<g transform="scale(${grid.width} ${grid.height})" style="filter:grayscale(1)">${picture}</g><g opacity="${OPACITY}" shape-rendering="crispEdges">${levelPaths(weights, grid.width)}</g>`;
}

function levelPaths(weights: readonly number[], width: number): Html[] {
  const strongest = Math.max(...weights);
  const levels = weights.map((weight) => (strongest > 0 ? Math.round((LEVELS * weight) / strongest) : 0));
  const paths = new Map<number, string>();
  for (const { level, row, column, length } of stretchesOf(levels, width))
    paths.set(level, `${paths.get(level) ?? ""}M${column} ${row}h${length}v1h-${length}z`);
  return [...paths].map(
    ([level, path]) => html`<path d="${path}" fill="${cellColour(level / LEVELS).fill}"/>`,
  );
}

interface Stretch {
  readonly level: number;
  readonly row: number;
  readonly column: number;
  length: number;
}

/** Neighbours of one row and level together. */
function stretchesOf(levels: readonly number[], width: number): Stretch[] {
  const found: Stretch[] = [];
  levels.forEach((level, cell) => {
    const [row, last] = [Math.floor(cell / width), found.at(-1)];
    if (last?.level === level && last.row === row) last.length += 1;
    else found.push({ level, row, column: cell % width, length: 1 });
  });
  return found;
}
