/** Accuracy per class, the best first, each with its interval as a bar and as text. */
import type { PerClass } from "@difftap/run-folder";
import { classBar, classTables } from "./class-tables.js";
import { type Html, html } from "./html.js";
import { counted, onePlace, range } from "./numbers.js";

export function classesSection(classes: readonly PerClass[], provenance: string): Html {
  const sorted = [...classes].sort((a, b) => b.top1 - a.top1);
  return html`<h3>Class by class</h3>
${classTables(sorted, table, "Accuracy of each class", provenance)}`;
}

function table(classes: readonly PerClass[], caption: string): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="plain classes"><caption>${caption}</caption><thead><tr><th scope="col">class</th><th scope="col" class="number">top-1, %</th><th scope="col" class="number">95 % interval</th><th scope="col" class="bar">0 to 100 %</th><th scope="col" class="number">right of n</th></tr></thead>
<tbody>${classes.map((entry) => html`<tr><th scope="row">${entry.label}</th><td class="number">${onePlace(entry.top1)}</td><td class="number">${range(entry.interval, "%")}</td><td class="bar">${classBar(entry.top1, entry.interval)}</td><td class="number">${counted(entry.correct)} of ${counted(entry.n)}</td></tr>`)}</tbody></table></div>`;
}
