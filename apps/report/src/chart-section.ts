/** A chart on the page: the picture, and its numbers as a table behind a summary. */
import { type Html, html } from "./html.js";
import { type ChartPoint, type ChartSpec, hasLine, lineChart } from "./line-chart.js";
import { figures, onePlace } from "./numbers.js";
import { pagePalette } from "./palette.js";

/** Points of one line that its table shows; longer lines are thinned evenly, their last point kept. */
const TABLE_POINTS = 50;

/** Picture and table; where nothing was measured but once, the table alone. */
export function chartSection(spec: ChartSpec): Html {
  if (!hasLine(spec)) return html`<h4>${spec.title}</h4>${pointsTable(spec)}`;
  return html`<figure class="chart"><div class="scroll" tabindex="0" role="region" aria-label="${spec.title}">${lineChart(spec, pagePalette)}</div><figcaption>${spec.title}.</figcaption></figure>
<details><summary>The numbers of this chart (${spec.yLabel}${meansIn(spec) && ", mean ± sample standard deviation of the seeds"})</summary>
${pointsTable(spec)}</details>`;
}

const meansIn = ({ series }: ChartSpec) => series.some(({ members }) => members !== undefined);

function pointsTable({ series, xLabel, yLabel, title }: ChartSpec): Html {
  const steps = thinned(
    [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b),
  );
  const byStep = series.map(({ points }) => new Map(points.map((point) => [point.x, point])));
  const number = yLabel.includes("%") ? onePlace : figures;
  const print = ({ y, deviation }: ChartPoint) =>
    deviation == null ? number(y) : `${number(y)}\u00A0±\u00A0${number(deviation)}`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}, in numbers"><table class="plain numbers"><thead><tr><th scope="col">${xLabel}</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${steps.map((x) => html`<tr><th scope="row">${figures(x)}</th>${byStep.map((points) => html`<td>${points.has(x) ? print(points.get(x)!) : "–"}</td>`)}</tr>`)}</tbody></table></div>`;
}

function thinned(steps: readonly number[]): readonly number[] {
  if (steps.length <= TABLE_POINTS) return steps;
  return Array.from(
    { length: TABLE_POINTS },
    (_, index) => steps[Math.round((index * (steps.length - 1)) / (TABLE_POINTS - 1))]!,
  );
}
