/** Before and after fusion: linear separability, purity of neighbourhoods, and how alike the two are. */
import type { Fusion } from "@difftap/run-folder";
import { saidOf, shortNumber, shortRange } from "./analysis-numbers.js";
import { type Html, html } from "./html.js";
import { counted, onePlace } from "./numbers.js";
import { scaleOf, seedDots } from "./seed-cells.js";

type Stage = Fusion["stages"][number];
type Measure = Stage["top1"];

export function fusionSection(fusions: readonly Fusion[]): Html {
  return html`<h3>What fusion does to the features</h3>
<p class="note">Before: the taps that a head reads, as they are. After: what its last linear layer reads. CKA is that of a row with the last row.</p>
${fusions.map(fusionTable)}`;
}

function fusionTable(fusion: Fusion): Html {
  const { head, stages, chance, k } = fusion;
  const scale = scaleOf(stages.map(({ top1 }) => top1.interval));
  return html`<h4>${head}</h4>
<div class="scroll" tabindex="0" role="region" aria-label="Before and after ${head}"><table class="plain stages"><thead><tr><th scope="col">features</th><th scope="col" class="number">dimensions</th><th scope="col" class="number">top-1 of a probe</th><th scope="col" class="dots">${onePlace(scale[0])} to ${onePlace(scale[1])} %</th><th scope="col" class="number">purity of ${k} neighbours</th><th scope="col" class="number">CKA with the last</th></tr></thead>
<tbody>${stages.map((stage) => stageRow(stage, scale))}</tbody></table></div>
<p class="note">${gainOf(fusion)}Purity by chance ${onePlace(chance)} %. ${saidOf(fusion)}</p>`;
}

function stageRow(
  { name, place, dimensions, top1, purity, cka }: Stage,
  scale: readonly [number, number],
): Html {
  return html`<tr class="${place}"><th scope="row">${name}</th><td class="number">${counted(dimensions)}</td><td class="number">${measure(top1, "%")}</td><td class="dots">${seedDots({ mean: top1.value, ends: top1.interval, values: [] }, scale)}</td><td class="number">${measure(purity, "%")}</td><td class="number">${cka ? measure(cka, "") : "–"}</td></tr>`;
}

const measure = ({ value, interval }: Measure, unit: "%" | "") =>
  html`${shortNumber(value, unit)}${unit === "%" && " %"} <small>${shortRange(interval, unit)}</small>`;

/** The last stage against the best before it. */
export function gainOf({ stages }: Fusion): string {
  const before = stages.filter(({ place }) => place === "before");
  const after = stages.findLast(({ place }) => place === "after");
  if (!after || before.length === 0) return "";
  const best = before.reduce((held, stage) => (stage.top1.value > held.top1.value ? stage : held));
  const gain = after.top1.value - best.top1.value;
  return `Fusion ${gain >= 0 ? "adds" : "takes"} ${onePlace(Math.abs(gain))} points of linear top-1 ${gain >= 0 ? "to" : "from"} the best before it (${best.name}). `;
}
