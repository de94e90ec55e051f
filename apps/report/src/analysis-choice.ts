/** The tap that was chosen on a small budget: rung by rung, what it cost, and what it lost. */
import type { Choice } from "@difftap/run-folder";
import { cellTitle, shortRange } from "./analysis-numbers.js";
import { measuredCells } from "./analysis-reading.js";
import { surfaceTable } from "./analysis-surface.js";
import { type Html, html } from "./html.js";
import { counted, figures, measured, onePlace, sampleSize } from "./numbers.js";
import { facts } from "./provenance-section.js";

export function choiceSection(choice: Choice): Html {
  const { rungs, chosen, regret, grid } = choice;
  return html`<h3>A block and a timestep on a small budget</h3>
<p>Successive halving ended at <b>${cellTitle(chosen)}</b>: top-1 ${measured(chosen.value, "%")} (${shortRange(chosen.interval, "%")}, ${sampleSize(chosen.n)}) on the images held out of its last rung. ${regretSentence(choice)}</p>
${facts([
  ["Network", costOf(choice)],
  ["Readings", `${counted(choice.cost.readings)} of ${counted(choice.cost.gridReadings)} images × cells`],
  ["Chosen by", `${chosen.protocol}; ${chosen.split}`],
  ["Regret by", regret && `${regret.protocol}; split ${regret.split}`],
])}
${rungs.map(({ images, kept, scores }, index) => {
  const cells = measuredCells(scores).length;
  const title = `Rung ${index + 1}: ${counted(images)} images, ${cells} ${cells === 1 ? "cell" : "cells"}, ${kept} kept; top-1`;
  return surfaceTable(scores, { title });
})}
${grid && surfaceTable(grid, { title: "Every cell on all images; top-1" })}`;
}

/** What the choice lost; nothing where there is no grid to say it by. */
export function regretSentence({ regret }: Choice): string {
  if (!regret) return "";
  const { value, interval, best, chosenTop1, n } = regret;
  if (value === 0)
    return `It is the best cell of the whole grid (${measured(best.top1, "%")}, ${sampleSize(n)}): regret 0.`;
  return `In the whole grid ${cellTitle(best)} is best with ${measured(best.top1, "%")}, the chosen cell has ${measured(chosenTop1, "%")}: regret ${onePlace(value)} points (${shortRange(interval, "%")}, ${sampleSize(n)}).`;
}

function costOf({ cost: { gmac, gridGmac } }: Choice): string {
  if (gridGmac === 0) return "its features were stored before";
  return `${figures(gmac)} GMAC, ${onePlace((100 * gmac) / gridGmac)} % of the ${figures(gridGmac)} that every cell on all images takes`;
}
