/** A chart on the page: the picture, and its numbers as a table behind a summary. */
import { type Html, html } from "./html.js";
import { type ChartSeries, type ChartSpec, lineChart } from "./line-chart.js";
import { figures, onePlace } from "./numbers.js";
import { pagePalette } from "./palette.js";

/** Points of one line that its table shows; longer lines are thinned evenly, their last point kept. */
const TABLE_POINTS = 50;

/** Picture and table. */
export function chartSection(spec: ChartSpec): Html {
  return html`<figure class="chart"><div class="scroll" tabindex="0" role="region" aria-label="${spec.title}">${lineChart(spec, pagePalette)}</div><figcaption>${spec.title}.</figcaption></figure>
${pointsTable(spec)}`;
}

function pointsTable({ series: lines, xLabel, yLabel }: ChartSpec): Html {
  const series = lines.flatMap(columnsOf);
  const steps = thinned(
    [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b),
  );
  const byStep = series.map(({ points }) => new Map(points.map(({ x, y }) => [x, y])));
  const print = yLabel.includes("%") ? onePlace : figures;
  return html`<details><summary>The numbers of this chart (${yLabel})</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Numbers of the chart"><table class="plain numbers"><thead><tr><th scope="col">${xLabel}</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${steps.map((x) => html`<tr><th scope="row">${figures(x)}</th>${byStep.map((points) => html`<td>${points.has(x) ? print(points.get(x)!) : "–"}</td>`)}</tr>`)}</tbody></table></div></details>`;
}

/** A mean and what it is the mean of, each by its name. */
function columnsOf({ name, points, members = [] }: ChartSeries): Pick<ChartSeries, "name" | "points">[] {
  if (members.length === 0) return [{ name, points }];
  const parts = members.map((member) => ({ ...member, name: `${name}, ${member.name}` }));
  return [{ name: `${name}, mean`, points }, ...parts];
}

function thinned(steps: readonly number[]): readonly number[] {
  if (steps.length <= TABLE_POINTS) return steps;
  return Array.from(
    { length: TABLE_POINTS },
    (_, index) => steps[Math.round((index * (steps.length - 1)) / (TABLE_POINTS - 1))]!,
  );
}
