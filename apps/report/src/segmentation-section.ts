/** Trained segmenters: the models beside each other, then classes and pictures of each. */
import type { SegmentationClass, TrainedSegmenter } from "@difftap/run-folder";
import { classBar, classTables } from "./class-tables.js";
import { swatch } from "./colour-key.js";
import { type Html, html } from "./html.js";
import { modelParts, type Part } from "./model-parts.js";
import { segmenterReading } from "./model-tasks.js";
import { modelsTable } from "./models-table.js";
import { counted, onePlace, sampleSize, seedNames } from "./numbers.js";
import { segmentationPictures } from "./segmentation-pictures.js";

/** `models` has at least one; `prefix` keeps the pictures' ids apart from those of other runs on the page. */
export function segmentationSection(models: readonly TrainedSegmenter[], prefix: string): Html {
  return html`<h3>Segmentation</h3>
${modelsTable([{ models: models.map(segmenterReading) }])}
${modelParts(models, (model) => partsOf(model, `${prefix}-${models.indexOf(model) + 1}`))}`;
}

function partsOf(model: TrainedSegmenter, prefix: string): Part[] {
  const { perClass, pictures, runs, protocol, split, classes, absent } = model;
  const [first] = runs;
  const provenance = `Of ${seedNames([first!.seed])}; ${sampleSize(first!.miou.n)}; ${protocol}; split ${split}.`;
  const missing =
    absent.length === 0 ? "" : ` In neither truth nor prediction, and in no mean: ${absent.join(", ")}.`;
  const painted = perClass.map((entry, place) => ({ ...entry, colour: classes[place]!.colour }));
  const sorted = painted.sort((a, b) => (b.iou ?? -1) - (a.iou ?? -1));
  const tables = classTables(
    sorted,
    classTable,
    "Intersection over union of each class",
    provenance + missing,
  );
  return [
    { title: "Class by class", content: tables },
    ...(pictures.length > 0
      ? [
          {
            title: `Pictures, ${seedNames([first!.seed])}`,
            content: segmentationPictures(pictures, classes, prefix),
          },
        ]
      : []),
  ];
}

type PaintedClass = SegmentationClass & { readonly colour: string };

function classTable(classes: readonly PaintedClass[], caption: string): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="plain classes"><caption class="hidden">${caption}</caption><thead><tr><th scope="col">class</th><th scope="col" class="number">IoU, %</th><th scope="col" class="bar">0 to 100 %</th><th scope="col" class="number">accuracy, %</th><th scope="col" class="number">true pixels</th></tr></thead>
<tbody>${classes.map((entry) => html`<tr><th scope="row">${swatch(entry)}${entry.name}</th><td class="number">${perCent(entry.iou)}</td><td class="bar">${entry.iou !== null && classBar(entry.iou)}</td><td class="number">${perCent(entry.accuracy)}</td><td class="number">${counted(entry.pixels)}</td></tr>`)}</tbody></table></div>`;
}

const perCent = (value: number | null) => (value === null ? "–" : onePlace(value));
