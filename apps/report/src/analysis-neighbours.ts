/** Which images lie next to each other: pictures with labels and similarities, and how pure neighbourhoods are. */
import type { Neighbourhoods } from "@difftap/run-folder";
import { cellTitle, saidOf } from "./analysis-numbers.js";
import { surfaceTable } from "./analysis-surface.js";
import { type Html, html } from "./html.js";
import { onePlace } from "./numbers.js";

type Shown = Neighbourhoods["shown"][number];
type Query = Shown["queries"][number];
type Neighbour = Query["neighbours"][number];

export function neighboursSection(neighbourhoods: Neighbourhoods): Html {
  const { purity, chance, shown } = neighbourhoods;
  const note = chance === undefined ? "" : `By chance it would be ${onePlace(chance)} %. `;
  return html`<h3>Which images are neighbours</h3>
${purity && surfaceTable(purity, { note })}
${
  shown.some(({ queries }) => queries.length > 0) &&
  html`<p class="note">The image with the frame, then those most like it; the number is the cosine similarity, orange labels are not the image’s own. ${saidOf(neighbourhoods)}</p>
<ul class="tapped">${shown.map((tap) => html`<li><h4>${cellTitle(tap)}</h4>${tap.queries.some(({ image }) => image !== undefined) ? tap.queries.map((query) => pictureRow(query, tap)) : textTable(tap)}</li>`)}</ul>`
}`;
}

function pictureRow({ id, label, image, neighbours }: Query, tap: Shown): Html {
  const own = label === undefined ? `Image ${id}` : `Image ${id}, ${label}`;
  return html`<div class="panels small row"><figure>${image !== undefined && html`<img src="${image}" alt="${own}" width="88" height="88">`}<figcaption><b>${label}</b><small>${id}</small></figcaption></figure>${neighbours.map((each) => html`<figure>${each.image !== undefined && html`<img src="${each.image}" alt="Neighbour of ${id} at ${cellTitle(tap)}: ${each.id}${each.label !== undefined && `, ${each.label}`}" width="88" height="88">`}<figcaption>${named(each, label)} <span class="probability">${each.similarity.toFixed(2)}</span><small>${each.id}</small></figcaption></figure>`)}</div>`;
}

/** The label, marked where it is another than the query's. */
function named({ label }: Neighbour, own: string | undefined): Html | false {
  if (label === undefined) return false;
  return label === own ? html`${label}` : html`<span class="wrong">${label}</span>`;
}

/** For stores, which hold no pixels. */
function textTable({ queries, ...tap }: Shown): Html {
  const most = Math.max(0, ...queries.map(({ neighbours }) => neighbours.length));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Neighbours at ${cellTitle(tap)}"><table class="plain"><thead><tr><th scope="col">image</th>${Array.from({ length: most }, (_, rank) => html`<th scope="col">neighbour ${rank + 1}</th>`)}</tr></thead>
<tbody>${queries.map(({ id, label, neighbours }) => html`<tr><th scope="row">${id}${label !== undefined && html` <small>${label}</small>`}</th>${neighbours.map((each) => html`<td>${each.id} ${named(each, label)} <small>${each.similarity.toFixed(2)}</small></td>`)}</tr>`)}</tbody></table></div>`;
}
