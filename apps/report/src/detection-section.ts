/** Trained detectors: the models beside each other, then figures, classes and pictures of each. */
import type { DetectionClass, DroppedBoxes, TrainedDetector } from "@difftap/run-folder";
import { classBar, classTables } from "./class-tables.js";
import { cocoTable } from "./coco-table.js";
import { detectionPictures } from "./detection-pictures.js";
import { type Html, html } from "./html.js";
import { modelParts, type Part } from "./model-parts.js";
import { detectorReading } from "./model-tasks.js";
import { modelsTable } from "./models-table.js";
import { counted, onePlace, sampleSize, seedNames } from "./numbers.js";

/** `models` has at least one. */
export function detectionSection(models: readonly TrainedDetector[]): Html {
  return html`<h3>Detection</h3>
${modelsTable([{ models: models.map(detectorReading) }])}
${droppedNotes(models)}
${modelParts(models, partsOf)}`;
}

function partsOf(model: TrainedDetector): Part[] {
  const { perClass, pictures, runs, protocol, split } = model;
  const [first] = runs;
  const provenance = `${seedNames([first!.seed])}; ${sampleSize(first!.n)}; ${protocol}; split ${split}.`;
  const sorted = [...perClass].sort((a, b) => (b.ap50 ?? -1) - (a.ap50 ?? -1));
  const names = perClass.map(({ name }) => name);
  return [
    { title: "COCO’s twelve figures", content: cocoTable(model) },
    {
      title: "Class by class",
      content: classTables(sorted, classTable, "Average precision of each class", `Of ${provenance}`),
    },
    ...(pictures.length > 0
      ? [{ title: `Pictures, ${seedNames([first!.seed])}`, content: detectionPictures(pictures, names) }]
      : []),
  ];
}

function classTable(classes: readonly DetectionClass[], caption: string): Html {
  const masks = classes.some(({ mask }) => mask !== undefined);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="plain classes"><caption class="hidden">${caption}</caption><thead><tr><th scope="col">class</th><th scope="col" class="number">AP50, %</th><th scope="col" class="bar">0 to 100 %</th><th scope="col" class="number">AP, %</th>${masks && html`<th scope="col" class="number">mask AP50, %</th><th scope="col" class="number">mask AP, %</th>`}<th scope="col" class="number">objects</th></tr></thead>
<tbody>${classes.map(({ name, ap50, ap, mask, objects }) => html`<tr><th scope="row">${name}</th><td class="number">${perCent(ap50)}</td><td class="bar">${ap50 !== null && classBar(ap50)}</td><td class="number">${perCent(ap)}</td>${masks && html`<td class="number">${perCent(mask?.ap50)}</td><td class="number">${perCent(mask?.ap)}</td>`}<td class="number">${counted(objects)}</td></tr>`)}</tbody></table></div>`;
}

const perCent = (value: number | null | undefined) => (value == null ? "–" : onePlace(value));

/** Models of the same data say the same. */
function droppedNotes(models: readonly TrainedDetector[]): Html[] {
  const reports = new Map(
    models.flatMap(({ dropped }) => (dropped ? [[JSON.stringify(dropped), dropped]] : [])),
  );
  return [...reports.values()].map(droppedNote);
}

function droppedNote({ boxes, dropped, clipped, examples }: DroppedBoxes): Html {
  if (dropped + clipped === 0)
    return html`<p class="note">All ${counted(boxes)} boxes of the data set were taken as they are written.</p>`;
  return html`<p class="note">Of ${counted(boxes)} boxes of the data set ${counted(dropped)} were dropped, having no area or none inside the image, and ${counted(clipped)} cut at the image’s edge.${examples.length > 0 && html` Dropped: ${examples.map((example, index) => html`${index > 0 && "; "}<code>${example}</code>`)}.`}</p>`;
}
