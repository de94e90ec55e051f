/** Pictures with true and found boxes: in colours, in a sentence, and box by box in numbers. */
import type { DetectionPicture } from "@difftap/run-folder";
import { type BoxMatches, FOUND_OVERLAP, matchBoxes, matchesInWords } from "./box-matches.js";
import { drawBoxes, isCrowded, MOST_LABELLED, PICTURE_WIDTH, pictureHeight } from "./boxes-svg.js";
import { classColour } from "./class-colours.js";
import { colourKey } from "./colour-key.js";
import { type Html, html } from "./html.js";
import { onePlace, upperFirst } from "./numbers.js";

/** `pictures` has at least one; `classes` are names in the order of the data set. */
export function detectionPictures(pictures: readonly DetectionPicture[], classes: readonly string[]): Html {
  const shown = new Set(
    pictures.flatMap(({ truth, found }) => [...truth, ...found].map(({ label }) => label)),
  );
  const named = classes
    .map((name, place) => ({ name, colour: classColour(place) }))
    .filter(({ name }) => shown.has(name));
  const notes = new Set(pictures.map(({ note }) => note));
  const common = notes.size === 1 ? pictures[0]!.note : undefined;
  return html`${colourKey(named, dashedKey)}
<ul class="finds">${pictures.map((picture) => shownPicture(picture, classes, common))}</ul>
<p class="note">${common !== undefined && `${upperFirst(common)}. `}An object counts as found when a box of its class overlaps it by ${FOUND_OVERLAP} or more (intersection over union), the surest box first. Only the boxes drawn are counted, so these are no figures of the whole set.${pictures.some(isCrowded) && ` Where there are more than ${MOST_LABELLED}, those that find no object are thin and without a label.`}</p>`;
}

const dashedKey = html`<li><svg viewBox="0 0 26 10" aria-hidden="true"><path d="M0 5H26" stroke="#000" stroke-opacity="0.6" stroke-width="3"/><path d="M0 5H26" stroke="#fff" stroke-width="3" stroke-dasharray="6 4"/></svg>true box</li>`;

/** @param common what all pictures' notes say: it stands once below them */
function shownPicture(
  picture: DetectionPicture,
  classes: readonly string[],
  common: string | undefined,
): Html {
  const matches = matchBoxes(picture);
  const words = matchesInWords(picture, matches);
  const { id, note } = picture;
  return html`<li><figure><svg viewBox="0 0 ${PICTURE_WIDTH} ${pictureHeight(picture)}" role="img" aria-label="${`Image ${id}: ${words}`}">${drawBoxes(picture, classes)}</svg><figcaption><b>${id}</b> ${words}${note !== undefined && note !== common && html`<small>${note}</small>`}</figcaption></figure>
${picture.truth.length + picture.found.length > 0 && boxesTable(id, matches)}</li>`;
}

function boxesTable(id: string, { found, missed }: BoxMatches): Html {
  const numbers = (box: readonly number[]) => box.map((value) => html`<td>${onePlace(value)}</td>`);
  return html`<details><summary>Boxes in numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="Boxes of image ${id} in numbers"><table class="plain numbers"><thead><tr><th scope="col">class</th><th scope="col">score</th><th scope="col">left</th><th scope="col">top</th><th scope="col">width</th><th scope="col">height</th><th scope="col">overlap</th></tr></thead>
<tbody>${found.map(({ label, score, box, overlap }) => html`<tr><th scope="row">${label}</th><td>${score.toFixed(2)}</td>${numbers(box)}<td>${overlap === null ? "none" : overlap.toFixed(2)}</td></tr>`)}
${missed.map(({ label, box }) => html`<tr><th scope="row">${label}</th><td>missed</td>${numbers(box)}<td>–</td></tr>`)}</tbody></table></div></details>`;
}
