/** How alike representations are: every pair as a coloured cell with its number. */
import type { SimilarityMatrix } from "@difftap/run-folder";
import { saidOf, shortNumber, shortRange } from "./analysis-numbers.js";
import { endsOf, isSymmetric, pairsOf } from "./analysis-reading.js";
import { legend, shadeOf } from "./analysis-surface.js";
import { type Html, html } from "./html.js";

/** Widest cell and row name in rem. */
const WIDEST_CELL = 4;
const WIDEST_NAME = 15;

/** Pairs that are named in words. */
const NAMED = 3;

export function matrixSection(matrices: readonly SimilarityMatrix[]): Html {
  return html`<h3>How alike representations are</h3>
<p class="note">CKA: 1 where two representations of the images are the same up to rotation and scale, 0 where they have nothing in common.</p>
${matrices.map(matrixFigure)}`;
}

function matrixFigure(matrix: SimilarityMatrix): Html {
  const { title, rows, columns, values } = matrix;
  const ends = endsOf(values.flat())!;
  return html`<h4>${title}</h4>
<figure class="heat surface pairs"><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="cells" style="max-width:${columns.length * WIDEST_CELL + WIDEST_NAME}rem"><caption class="hidden">${matrix.metric} of rows with columns</caption>
<thead><tr><th class="name"></th>${columns.map((name) => html`<th scope="col"><span>${name}</span></th>`)}</tr></thead>
<tbody>${rows.map((name, row) => html`<tr><th scope="row" class="name">${name}</th>${columns.map((_, column) => pairCell(matrix, row, column, ends))}</tr>`)}</tbody></table></div>
<figcaption>${legend(ends, { unit: "", better: null })}${saidOf(matrix)}</figcaption></figure>
${extremes(matrix)}
${everyPair(matrix)}`;
}

function pairCell(
  { rows, columns, values, intervals }: SimilarityMatrix,
  row: number,
  column: number,
  ends: readonly [number, number],
): Html {
  const value = values[row]![column]!;
  const { fill, text } = shadeOf(value, ends, null);
  const title = `${rows[row]} and ${columns[column]}: ${shortNumber(value, "")} (${shortRange(intervals[row]![column]!, "")})`;
  return html`<td style="background:${fill};color:${text}" title="${title}">${shortNumber(value, "")}</td>`;
}

/** The pairs at both ends in words. */
function extremes(matrix: SimilarityMatrix): Html | false {
  const pairs = pairsOf(matrix);
  if (pairs.length <= 2 * NAMED) return false;
  const said = (list: typeof pairs) =>
    list.map(({ row, column, value }) => `${row} and ${column} (${shortNumber(value, "")})`).join("; ");
  return html`<p class="note">Most alike: ${said(pairs.slice(0, NAMED))}. Least alike: ${said(pairs.slice(-NAMED).reverse())}.</p>`;
}

/** Of a symmetric matrix the lower half. */
function everyPair(matrix: SimilarityMatrix): Html {
  const { title, rows, columns, values, intervals } = matrix;
  const half = isSymmetric(matrix);
  const cell = (row: number, column: number) =>
    half && column > row
      ? html`<td></td>`
      : html`<td>${shortNumber(values[row]![column]!, "")} <small>${shortRange(intervals[row]![column]!, "")}</small></td>`;
  return html`<details class="every-pair"><summary>Every pair with its 95 % interval</summary><div class="scroll" tabindex="0" role="region" aria-label="${title}, every pair"><table class="plain numbers"><thead><tr><th></th>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((name, row) => html`<tr><th scope="row">${name}</th>${columns.map((_, column) => cell(row, column))}</tr>`)}</tbody></table></div></details>`;
}
