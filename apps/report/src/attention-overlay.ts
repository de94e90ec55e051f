/** Attention as colours over a picture, in units of cells. */
import { cellColour } from "./colour-scale.js";
import { type Html, html } from "./html.js";

/** Colours of the overlay; cells of one colour are one path, which keeps pages of many maps small. */
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
  const levels = new Map<number, string>();
  weights.forEach((weight, cell) => {
    const level = strongest > 0 ? Math.round((LEVELS * weight) / strongest) : 0;
    const square = `M${cell % width} ${Math.floor(cell / width)}h1v1h-1z`;
    levels.set(level, (levels.get(level) ?? "") + square);
  });
  return [...levels].map(
    ([level, path]) => html`<path d="${path}" fill="${cellColour(level / LEVELS).fill}"/>`,
  );
}
