/** Points of one image found in another: both pictures with the points, and for each point which tap finds it best. */
import type { Correspondence, CorrespondenceExample } from "@difftap/run-folder";
import { cellTitle, saidOf } from "./analysis-numbers.js";
import { surfaceTable } from "./analysis-surface.js";
import { type Fragment, type Html, html } from "./html.js";
import { figures, onePlace } from "./numbers.js";

type FoundPoint = CorrespondenceExample["points"][number];

/** Of a picture's side: the radius of a point, and the size of its number. */
const RADIUS = 0.016;
const LETTER = 0.05;

export function correspondenceSection({ alpha, found, examples }: Correspondence): Html {
  return html`<h3>Points of one image found in another</h3>
<p class="note">A point counts as found within ${onePlace(100 * alpha)} % of the image’s side. A tap finds the middle of one of its cells, so coarse maps cannot do better than half a cell.</p>
${found.map(({ change, points }) => surfaceTable(points, { title: `${points.metric}: ${change}` }))}
<ul class="tapped">${examples.map(exampleItem)}</ul>`;
}

function exampleItem(example: CorrespondenceExample): Html {
  const { title, from, to, judge, points } = example;
  const aim =
    judge === "truth"
      ? "rings: where they are, dots: where the best tap finds them"
      : "where the best tap finds them";
  const named = ({ id, label }: CorrespondenceExample["from"]) =>
    label === undefined ? id : `${id}, ${label}`;
  return html`<li><h4>${title}</h4>
<div class="found"><figure>${picture(example, from.image, points.map(startOf))}<figcaption>${named(from)}: the points</figcaption></figure>
<figure>${picture(example, to.image, points.map(endOf))}<figcaption>${named(to)}: ${aim}</figcaption></figure></div>
<p class="note">${howFar(example)} ${saidOf(example)}</p>
${pointTable(example)}</li>`;
}

interface Drawn {
  readonly x: number;
  readonly y: number;
  readonly truth?: { readonly x: number; readonly y: number } | undefined;
}

const startOf = ({ x, y }: FoundPoint): Drawn => ({ x, y });
const endOf = ({ best, truth }: FoundPoint): Drawn => ({ x: best.x, y: best.y, truth });

/** The picture with its points, numbered as in the table, in the colours of lines. */
function picture({ size, title }: CorrespondenceExample, image: string, points: readonly Drawn[]): Html {
  const [radius, letter] = [RADIUS * size, LETTER * size];
  return html`<svg viewBox="0 0 ${size} ${size}" role="img" aria-label="${title}: ${points.length} numbered points, whose places are in the table below"><image href="${image}" width="${size}" height="${size}" preserveAspectRatio="none"/>
${points.map(({ x, y, truth }, index) => {
  const colour = `var(--series-${index % 6})`;
  return html`<g>${truth && html`<path d="M${truth.x} ${truth.y}L${x} ${y}" stroke="${colour}" stroke-width="${radius / 2}"/><circle cx="${truth.x}" cy="${truth.y}" r="${1.4 * radius}" fill="none" stroke="${colour}" stroke-width="${radius / 2}"/>`}<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}" stroke="var(--paper)" stroke-width="${radius / 4}"/><text x="${x + 1.5 * radius}" y="${y - radius}" font-size="${letter}" fill="var(--ink)" stroke="var(--paper)" stroke-width="${letter / 6}" paint-order="stroke">${index + 1}</text></g>`;
})}</svg>`;
}

/** What distances are, in a sentence. */
function howFar({ judge, points }: CorrespondenceExample): string {
  const distances = points.map(({ best }) => best.distance).sort((a, b) => a - b);
  const median = distances[Math.floor(distances.length / 2)];
  if (median === undefined) return "";
  const what = judge === "truth" ? "from where it is" : "from where it began, there and back";
  return `The best tap of each point ends ${figures(median)} px ${what}, in the median.`;
}

function pointTable({ points, title, judge }: CorrespondenceExample): Html {
  const shown = points[0]?.matches ?? [];
  const place = ({ x, y }: { x: number; y: number }): Fragment => html`${figures(x)}, ${figures(y)}`;
  return html`<details><summary>Every point, with the tap that finds it best</summary><div class="scroll" tabindex="0" role="region" aria-label="Points of ${title}"><table class="plain numbers"><thead><tr><th scope="col">point</th><th scope="col">at x, y</th>${judge === "truth" && html`<th scope="col">is at</th>`}<th scope="col">best tap</th><th scope="col">finds it at</th><th scope="col">off by, px</th><th scope="col">similarity</th>${shown.map((match) => html`<th scope="col">${cellTitle(match)}, off by</th>`)}</tr></thead>
<tbody>${points.map((point, index) => html`<tr><th scope="row">${index + 1}</th><td>${place(point)}</td>${point.truth && html`<td>${place(point.truth)}</td>`}<td>${cellTitle(point.best)}</td><td>${place(point.best)}</td><td>${figures(point.best.distance)}</td><td>${point.best.similarity.toFixed(2)}</td>${point.matches.map(({ distance }) => html`<td>${figures(distance)}</td>`)}</tr>`)}</tbody></table></div></details>`;
}
