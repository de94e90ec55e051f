/** COCO's twelve figures of a model, mean and deviation over its seeds. */
import { type CocoFigure, type CocoFigures, overSeeds, type TrainedDetector } from "@difftap/run-folder";
import { type Html, html } from "./html.js";
import { plusMinus, sampleSize, seedNames } from "./numbers.js";

type Row = readonly [name: string, figure: CocoFigure, overlap: string, objects: string, boxes: number];

const ALL_OVERLAPS = "0.50 to 0.95";

/** In the order of pycocotools. */
const rows: readonly Row[] = [
  ["AP", "ap", ALL_OVERLAPS, "all", 100],
  ["AP50", "ap50", "0.50", "all", 100],
  ["AP75", "ap75", "0.75", "all", 100],
  ["AP small", "apSmall", ALL_OVERLAPS, "up to 32² px", 100],
  ["AP medium", "apMedium", ALL_OVERLAPS, "32² to 96² px", 100],
  ["AP large", "apLarge", ALL_OVERLAPS, "from 96² px", 100],
  ["AR1", "ar1", ALL_OVERLAPS, "all", 1],
  ["AR10", "ar10", ALL_OVERLAPS, "all", 10],
  ["AR100", "ar100", ALL_OVERLAPS, "all", 100],
  ["AR small", "arSmall", ALL_OVERLAPS, "up to 32² px", 100],
  ["AR medium", "arMedium", ALL_OVERLAPS, "32² to 96² px", 100],
  ["AR large", "arLarge", ALL_OVERLAPS, "from 96² px", 100],
];

export function cocoTable({ name, runs, protocol, split }: TrainedDetector): Html {
  const kinds = [
    { title: "boxes", runs: runs.map(({ box }) => box) },
    { title: "masks", runs: runs.flatMap(({ mask }) => mask ?? []) },
  ].filter((kind) => kind.runs.length > 0);
  const seeds = runs.map(({ seed }) => seed);
  const caption = `COCO’s twelve figures of ${name}`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="plain coco"><caption class="hidden">${caption}</caption><thead><tr><th scope="col">figure</th>${kinds.map(({ title }) => html`<th scope="col" class="number">${title}</th>`)}<th scope="col">overlap</th><th scope="col">objects</th><th scope="col" class="number">boxes an image</th></tr></thead>
${[rows.slice(0, 6), rows.slice(6)].map((half) => html`<tbody>${half.map(([title, figure, overlap, objects, most]) => html`<tr><th scope="row">${title}</th>${kinds.map((kind) => html`<td class="number value">${cell(kind.runs, figure)}</td>`)}<td>${overlap}</td><td>${objects}</td><td class="number">${most}</td></tr>`)}</tbody>`)}</table></div>
<p class="note">AP: average precision, AR: average recall, means over the classes and, where there are several, the overlaps. ${seeds.length > 1 ? "Mean ± sample standard deviation over" : "Of"} ${seedNames(seeds)}; ${sampleSize(runs[0]!.n)}; ${protocol}; split ${split}. –: the images have no object of that size.</p>`;
}

function cell(runs: readonly CocoFigures[], figure: CocoFigure): string {
  const values = runs.map((run) => run[figure]).filter((value) => value !== null);
  if (values.length < runs.length) return "–";
  const { mean, deviation } = overSeeds(values);
  return plusMinus(mean, deviation, "%");
}
