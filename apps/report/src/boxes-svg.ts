/** Boxes over a picture: those found in their class's colour, the true ones dashed above them. */
import type { DetectionPicture, PictureBox } from "@difftap/run-folder";
import { matchBoxes } from "./box-matches.js";
import { classColour } from "./class-colours.js";
import { type Html, html } from "./html.js";

/** Pictures of any size are drawn so wide, in pixels; letters and lines keep their size. */
export const PICTURE_WIDTH = 480;

const LETTERS = 12;
/** Width of a letter, at most, in parts of its height. */
const LETTER_WIDTH = 0.62;
/** Longer names of classes are cut short; they stand in full in the numbers. */
const LONGEST_NAME = 20;
/** Of more boxes than this only those that find an object have a label, and the score alone: labels would hide the picture. */
export const MOST_LABELLED = 12;
/** What a label takes above its box. */
const LABEL = 15;

export const pictureHeight = ({ width, height }: Pick<DetectionPicture, "width" | "height">): number =>
  at((PICTURE_WIDTH * height) / width);

/** The whole drawing, PICTURE_WIDTH × `pictureHeight`. @param classes names in the order of the data set */
export function drawBoxes(picture: DetectionPicture, classes: readonly string[]): Html {
  const { image, truth } = picture;
  const scale = PICTURE_WIDTH / picture.width;
  const drawn = drawnBoxes(picture, classes, scale);
  const path = truth.map(({ box }) => rectangle(scaled(box, scale))).join("");
  return html`<image href="${image}" width="${PICTURE_WIDTH}" height="${pictureHeight(picture)}" preserveAspectRatio="none"/>
<g fill="none" stroke-linejoin="round">${drawn.map(drawBox)}${path !== "" && html`<path d="${path}" stroke="#000" stroke-opacity="0.6" stroke-width="1.5"/><path d="${path}" stroke="#fff" stroke-width="1.5" stroke-dasharray="5 4"/>`}</g>
<g font-size="${LETTERS}" font-weight="600" fill="#fff" stroke-width="4" stroke-linejoin="round" style="paint-order:stroke">${drawn.map(drawLabel)}</g>`;
}

/** The surest last, so that it lies on top. */
function drawnBoxes(picture: DetectionPicture, classes: readonly string[], scale: number): DrawnBox[] {
  const crowded = isCrowded(picture);
  const drawn = matchBoxes(picture).found.map(({ label, score, box, overlap }) => {
    const thin = crowded && overlap === null;
    const words = crowded ? score.toFixed(2) : `${cutShort(label)} ${score.toFixed(2)}`;
    const fill = classColour(classes.indexOf(label));
    return { text: thin ? "" : words, fill, box: scaled(box, scale), thin };
  });
  return drawn.reverse().sort((a, b) => Number(b.thin) - Number(a.thin));
}

export const isCrowded = ({ found }: Pick<DetectionPicture, "found">): boolean =>
  found.length > MOST_LABELLED;

function drawBox({ box, fill, thin }: DrawnBox): Html {
  if (thin) return html`<path d="${rectangle(box)}" stroke="${fill}" stroke-width="1" stroke-opacity="0.6"/>`;
  return html`<path d="${rectangle(box)}" stroke="#fff" stroke-opacity="0.75" stroke-width="4.5"/><path d="${rectangle(box)}" stroke="${fill}" stroke-width="2.5"/>`;
}

interface DrawnBox {
  /** Empty for none. */
  readonly text: string;
  readonly thin: boolean;
  readonly fill: string;
  readonly box: PictureBox;
}

/** Above its box, or inside where there is no room; never beyond the right edge. */
function drawLabel({ text, fill, box: [left, top] }: DrawnBox): Html | false {
  if (text === "") return false;
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
