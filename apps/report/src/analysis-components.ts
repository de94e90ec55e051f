/** Maps in the colours of their first three components, and what they say in numbers. */
import type { Components } from "@difftap/run-folder";
import { cellTitle, saidOf } from "./analysis-numbers.js";
import { type Html, html } from "./html.js";
import { figures, sharePercent } from "./numbers.js";

type ComponentTap = Components["taps"][number];
type Picture = Components["pictures"][number];

export function componentsSection(components: Components): Html {
  const { pictures, taps } = components;
  return html`<h3>What maps show</h3>
<p class="note">The first component as red, the second as green, the third as blue: cells of one colour have like features, across all the images of a row. ${saidOf(components)}</p>
<ul class="tapped"><li><h4>The images</h4><div class="panels">${pictures.map((picture) => html`<figure><img src="${picture.image}" alt="Image ${picture.id}${picture.label !== undefined && `, ${picture.label}`}" width="120" height="120"><figcaption>${picture.label !== undefined && html`<b>${picture.label}</b>`}<small>${picture.id}</small></figcaption></figure>`)}</div></li>
${taps.map((tap) => tapRow(tap, pictures))}</ul>`;
}

function tapRow(tap: ComponentTap, pictures: readonly Picture[]): Html {
  const { height, width, explained, maps } = tap;
  const all = explained.reduce((sum, share) => sum + share, 0);
  return html`<li><h4>${cellTitle(tap)} <small>${height} × ${width} cells; three components hold ${sharePercent(all)} of the variance</small></h4>
<div class="panels">${maps.map(({ image, strongest }, index) => html`<figure><img src="${image}" alt="Components of image ${pictures[index]!.id} at ${cellTitle(tap)}: the first is largest in row ${strongest.row}, column ${strongest.column}" width="120" height="120"></figure>`)}</div>
${numbersOf(tap, pictures)}</li>`;
}

function numbersOf(tap: ComponentTap, pictures: readonly Picture[]): Html {
  return html`<details><summary>The numbers of these maps</summary><div class="scroll" tabindex="0" role="region" aria-label="Components at ${cellTitle(tap)}"><table class="plain numbers"><thead><tr><th scope="col">image</th>${["first", "second", "third"].map((name, index) => html`<th scope="col">${name} component, mean <small>${sharePercent(tap.explained[index]!)} of the variance</small></th>`)}<th scope="col">first is largest at</th></tr></thead>
<tbody>${tap.maps.map(({ means, strongest }, index) => html`<tr><th scope="row">${pictures[index]!.id}</th>${means.map((mean) => html`<td>${figures(mean)}</td>`)}<td>row ${strongest.row}, column ${strongest.column}</td></tr>`)}</tbody></table></div></details>`;
}
