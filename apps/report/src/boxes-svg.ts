/** Boxes over a picture: those found in their class's colour, the true ones dashed above them. */
import type { DetectionPicture, PictureBox } from "@difftap/run-folder";
import { classColour } from "./class-colours.js";
import { type Html, html } from "./html.js";

/** Pictures of any size are drawn so wide, in pixels; letters and lines keep their size. */
export const PICTURE_WIDTH = 480;

const LETTERS = 12;
/** Width of a letter, at most, in parts of its height. */
const LETTER_WIDTH = 0.62;
/** Longer names of classes are cut short; they stand in full in the numbers. */
const LONGEST_NAME = 20;
/** What a label takes above its box. */
const LABEL = 15;

export const pictureHeight = ({ width, height }: Pick<DetectionPicture, "width" | "height">): number =>
  at((PICTURE_WIDTH * height) / width);

/** The whole drawing, PICTURE_WIDTH × `pictureHeight`. @param classes names in the order of the data set */
export function drawBoxes(picture: DetectionPicture, classes: readonly string[]): Html {
  const { image, truth, found } = picture;
  const scale = PICTURE_WIDTH / picture.width;
  const colour = (label: string) => classColour(classes.indexOf(label));
  // The surest last, so that it lies on top.
  const drawn = [...found]
    .sort((a, b) => a.score - b.score)
    .map(({ label, score, box }) => {
      return { text: `${cutShort(label)} ${score.toFixed(2)}`, fill: colour(label), box: scaled(box, scale) };
    });
  const path = truth.map(({ box }) => rectangle(scaled(box, scale))).join("");
  return html`<image href="${image}" width="${PICTURE_WIDTH}" height="${pictureHeight(picture)}" preserveAspectRatio="none"/>
<g fill="none" stroke-linejoin="round">${drawn.map(({ box, fill }) => html`<path d="${rectangle(box)}" stroke="#fff" stroke-opacity="0.75" stroke-width="4.5"/><path d="${rectangle(box)}" stroke="${fill}" stroke-width="2.5"/>`)}${path !== "" && html`<path d="${path}" stroke="#000" stroke-opacity="0.6" stroke-width="1.5"/><path d="${path}" stroke="#fff" stroke-width="1.5" stroke-dasharray="5 4"/>`}</g>
<g font-size="${LETTERS}" font-weight="600" fill="#fff" stroke-width="4" stroke-linejoin="round" style="paint-order:stroke">${drawn.map(drawLabel)}</g>`;
}

interface Label {
  readonly text: string;
  readonly fill: string;
  readonly box: PictureBox;
}

/** Above its box, or inside where there is no room; never beyond the right edge. */
function drawLabel({ text, fill, box: [left, top] }: Label): Html {
  const length = text.length * LETTERS * LETTER_WIDTH;
  const x = Math.max(3, Math.min(left + 2, PICTURE_WIDTH - 3 - length));
  const y = top < LABEL ? Math.max(0, top) + LETTERS + 1 : top - 4;
  return html`<text x="${at(x)}" y="${at(y)}" stroke="${fill}">${text}</text>`;
}

const cutShort = (name: string) =>
  name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;

const scaled = (box: PictureBox, scale: number) => box.map((value) => value * scale) as PictureBox;

const rectangle = ([left, top, width, height]: PictureBox) =>
  `M${at(left)} ${at(top)}h${at(width)}v${at(height)}h${at(-width)}z`;

const at = (value: number) => Number(value.toFixed(1));
