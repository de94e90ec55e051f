/** Where the CLS token looks: each picture, and over it the attention to each tap, in colours and in numbers. */
import type { Attention, AttentionExample, AttentionMap } from "@difftap/run-folder";
import { attentionOverlay } from "./attention-overlay.js";
import { cellName, mapName, shareOfTap, strongestCells, verdict } from "./attention-reading.js";
import { scaleGradient } from "./colour-scale.js";
import { type Html, html } from "./html.js";
import { sharePercent } from "./numbers.js";

/** Strongest cells that the table names. */
const NAMED_CELLS = 3;

/** `prefix` keeps the pictures' ids apart from those of other runs on the page. */
export function attentionSection(attentions: readonly Attention[], prefix: string): Html {
  const shown = attentions.filter(({ examples }) => examples.length > 0);
  return html`<h3>Where the CLS token looks</h3>
<p class="note"><span class="legend"><span class="tick">0</span><span class="ramp" style="background:${scaleGradient}"></span><span class="tick">strongest cell of the map</span></span>Weights from the CLS token in the last transformer block, mean over its heads, laid over the picture in grey. Per cent: how much of the attention at that timestep goes to the tap; the rest goes to the other taps of the timestep and to the CLS token itself.</p>
${shown.map(({ head, seed, examples }, index) => html`<h4>${head}, seed ${seed}</h4><ul class="gazes">${examples.map((example, place) => gaze(example, `${prefix}-${index + 1}-${place + 1}`))}</ul>`)}`;
}

function gaze(example: AttentionExample, id: string): Html {
  const { label, predicted, probability, maps, image } = example;
  const said =
    label === predicted ? html`<b>${label}</b>` : html`${label} → <b class="wrong">${predicted}</b>`;
  const [{ height, width }] = [maps[0]!];
  return html`<li><div class="panels"><figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${`Image ${example.id}: ${verdict(example)}`}"><g transform="scale(${width} ${height})"><image id="${id}" href="${image}" width="1" height="1" preserveAspectRatio="none"/></g></svg><figcaption>${said} <span class="probability">${probability.toFixed(2)}</span><small>${example.id}</small></figcaption></figure>
${maps.map((map) => panel(map, map.weights, id, html`${mapName(map)} <b>${sharePercent(shareOfTap(map))}</b>`))}</div>
${numbersTable(example)}
${maps.some(({ heads }) => heads !== undefined) && headPanels(maps, id)}</li>`;
}

function panel(map: AttentionMap, weights: readonly number[], id: string, caption: Html): Html {
  const { height, width } = map;
  const [strongest] = strongestCells(weights, width, 1);
  const label = `Attention to ${mapName(map)}, strongest at ${cellName(strongest!)}`;
  return html`<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${attentionOverlay(weights, map, html`<use href="#${id}"/>`)}</svg><figcaption>${caption}</figcaption></figure>`;
}

function numbersTable({ maps, id }: AttentionExample): Html {
  return html`<details><summary>Shares and strongest cells</summary><div class="scroll" tabindex="0" role="region" aria-label="Attention of image ${id} in numbers"><table class="plain"><thead><tr><th scope="col">tap</th><th scope="col" class="number">share</th><th scope="col">cells</th><th scope="col">strongest</th></tr></thead>
<tbody>${maps.map((map) => html`<tr><th scope="row">${mapName(map)}</th><td class="number">${sharePercent(shareOfTap(map))}</td><td>${map.height} × ${map.width}</td><td>${strongestCells(map.weights, map.width, NAMED_CELLS).map(cellName).join("; ")}</td></tr>`)}</tbody></table></div></details>`;
}

function headPanels(maps: readonly AttentionMap[], id: string): Html {
  return html`<details><summary>Head by head</summary>${maps.flatMap((map) => (map.heads ? [html`<h4>${mapName(map)}</h4><div class="panels small">${map.heads.map((weights, index) => panel(map, weights, id, headCaption(weights, map.width, index)))}</div>`] : []))}</details>`;
}

function headCaption(weights: readonly number[], width: number, index: number): Html {
  const [strongest] = strongestCells(weights, width, 1);
  return html`head ${index + 1}, ${sharePercent(shareOfTap({ weights: [...weights] }))}; ${cellName(strongest!)}`;
}
