/** Pictures with their label maps: the image, the truth, the prediction, and the prediction over the image. */
import type { SegmentationPicture } from "@difftap/run-folder";
import { colourKey, type NamedColour } from "./colour-key.js";
import { type Html, html } from "./html.js";
import { measured } from "./numbers.js";

/** So much of the picture shows through the classes laid over it. */
const OPACITY = 0.6;

/** `prefix` keeps their ids apart from others on the page. */
export function segmentationPictures(
  pictures: readonly SegmentationPicture[],
  classes: readonly NamedColour[],
  prefix: string,
): Html {
  return html`${colourKey(classes)}
<ul class="segments">${pictures.map((picture, index) => shownPicture(picture, `${prefix}-${index + 1}`))}</ul>
<p class="note">Pixels that count nowhere are left empty. The figures are of one image each; those of the whole set stand in the table above.</p>`;
}

function shownPicture(picture: SegmentationPicture, id: string): Html {
  const { note } = picture;
  return html`<li><h4>${picture.id} <span>${picturesFigures(picture)}</span></h4><div class="panels">${panelsOf(picture, id).map(({ title, drawing }) => html`<figure><svg viewBox="0 0 ${picture.width} ${picture.height}" role="img" aria-label="${`${title} of image ${picture.id}`}">${drawing}</svg><figcaption>${title}</figcaption></figure>`)}</div>${note !== undefined && html`<p class="note">${note}</p>`}</li>`;
}

/** "mIoU 45.1 %, pixel accuracy 82.0 %" */
export function picturesFigures({ miou, pixelAccuracy }: SegmentationPicture): string {
  const said = [
    miou !== null && `mIoU ${measured(miou, "%")}`,
    pixelAccuracy !== null && `pixel accuracy ${measured(pixelAccuracy, "%")}`,
  ].filter((text) => text !== false);
  return said.length === 0 ? "no pixel counts" : said.join(", ");
}

interface Panel {
  readonly title: string;
  /** In pixels of the picture. */
  readonly drawing: Html;
}

/** Each picture is embedded once; `id` is its own in the document. */
export function panelsOf(
  { image, truth, predicted, width, height }: SegmentationPicture,
  id: string,
): Panel[] {
  const whole = (address: string, name: string) =>
    html`<image id="${id}-${name}" href="${address}" width="${width}" height="${height}" preserveAspectRatio="none"/>`;
  const overlay = html`<g style="filter:grayscale(1)"><use href="#${id}-image"/></g><g opacity="${OPACITY}"><use href="#${id}-predicted"/></g>`;
  return [
    { title: "Image", drawing: whole(image, "image") },
    { title: "Truth", drawing: html`<g class="map">${whole(truth, "truth")}</g>` },
    { title: "Prediction", drawing: html`<g class="map">${whole(predicted, "predicted")}</g>` },
    { title: "Prediction over the image", drawing: html`<g class="map">${overlay}</g>` },
  ];
}
