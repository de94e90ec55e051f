/** Accuracy per class, the best first, each with its interval as a bar and as text. */
import type { PerClass } from "@difftap/run-folder";
import { type Html, html } from "./html.js";
import { counted, onePlace, range } from "./numbers.js";

/** More classes than this show only their ends; the rest folds away. */
const SHOWN_WHOLE = 40;
const SHOWN_EACH_END = 10;

export function classesSection(classes: readonly PerClass[], provenance: string): Html {
  const sorted = [...classes].sort((a, b) => b.top1 - a.top1);
  if (sorted.length <= SHOWN_WHOLE)
    return html`<h3>Class by class</h3>${table(sorted, "Accuracy of each class")}<p class="note">${provenance}</p>`;
  return html`<h3>Class by class</h3>
${table(sorted.slice(0, SHOWN_EACH_END), `The ${SHOWN_EACH_END} classes read best`)}
${table(sorted.slice(-SHOWN_EACH_END), `The ${SHOWN_EACH_END} classes read worst`)}
<p class="note">${provenance}</p>
<details><summary>All ${counted(sorted.length)} classes</summary>${table(sorted, "Accuracy of each class")}</details>`;
}

function table(classes: readonly PerClass[], caption: string): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="plain classes"><caption>${caption}</caption><thead><tr><th scope="col">class</th><th scope="col" class="number">top-1, %</th><th scope="col" class="number">95 % interval</th><th scope="col" class="bar">0 to 100 %</th><th scope="col" class="number">right of n</th></tr></thead>
<tbody>${classes.map((entry) => html`<tr><th scope="row">${entry.label}</th><td class="number">${onePlace(entry.top1)}</td><td class="number">${range(entry.interval, "%")}</td><td class="bar">${bar(entry)}</td><td class="number">${counted(entry.correct)} of ${counted(entry.n)}</td></tr>`)}</tbody></table></div>`;
}

/** The value as a bar, the interval as a whisker. The numbers stand beside it. */
function bar({ top1, interval: [low, high] }: PerClass): Html {
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect y="1" width="100" height="8" fill="var(--panel)"/><rect y="1" width="${top1}" height="8" fill="var(--accent)" opacity="0.55"/><path d="M${low} 5H${high}M${low} 2v6M${high} 2v6" stroke="var(--ink)" fill="none" vector-effect="non-scaling-stroke"/></svg>`;
}
