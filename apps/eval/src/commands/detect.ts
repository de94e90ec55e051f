/** `difftap-eval detect`: a trained detector on any data set with boxes; its predictions as COCO's result file. */
import {
  type CommandContext,
  type CommandSpec,
  option,
  type SettingsOf,
  textTable,
} from "@difftap/command-line";
import { DifftapError, writeFileAtomic } from "@difftap/core";
import { type DetectionDataset, openDetection } from "@difftap/datasets";
import { type Detector, type DetectorDescription, restoreDetector } from "@difftap/detection";
import { selectEngine } from "@difftap/engine";
import type { CocoFigures, DetectionEvaluation } from "@difftap/metrics";
import { z } from "zod";
import { cocoResults } from "../compose/dense/coco-results.js";
import { type DetectionScores, detectImages, scoreDetections } from "../compose/dense/detect-images.js";
import { onMaps } from "../compose/dense/on-maps.js";
import { denseEvalOptions } from "../compose/dense/options.js";
import { percent, percentWithin } from "../compose/dense/percent.js";
import { readSavedDense, withMaps } from "../compose/dense/saved-run.js";
import { shownImages } from "../compose/image-arrays.js";
import { firstImages } from "../compose/images.js";

const options = {
  ...denseEvalOptions,
  predictions: option("<file>", "writes what was found as COCO JSON", z.string().min(1).optional()),
};

type Settings = SettingsOf<typeof options>;

export const detect: CommandSpec<typeof options> = {
  name: "detect",
  about: "Measures a trained detector: COCO's twelve figures, VOC's average precision",
  example: "difftap-eval detect --run runs/cells/seed-0 --test voc:BCCD,split=test --weights adm.pt",
  options,
  run: async (settings, context) => {
    await selectEngine(settings.engine);
    const saved = await readSavedDense<DetectorDescription>(settings.run);
    const detector = restoreDetector({ description: saved.adapter, tensors: saved.tensors });
    const images = firstImages(await openDetection(settings.test), settings.count);
    try {
      checkClasses(detector, images.dataset, settings);
      const { canvas, fit } = saved.data;
      const choice = { ...settings, taps: detector.inputs };
      await withMaps(saved, choice, async (reader) => {
        const layout = { ...canvas, fit, batch: settings.batch };
        const set = await detectImages(
          images,
          layout,
          (batch, originals) =>
            onMaps(reader, shownImages(batch), settings.seed, (maps) => detector.predict(maps, originals)),
          context,
        );
        if (settings.predictions) {
          const found = cocoResults(set.detections, images.dataset);
          await writeFileAtomic(settings.predictions, `${JSON.stringify(found)}\n`);
        }
        print(settings, context, scoreDetections(set, images.dataset.categories, settings.seed));
      });
    } finally {
      detector.dispose();
      await images.dataset.close?.();
    }
  },
};

/** @throws DifftapError LABELS_MISMATCH for another number of categories. */
function checkClasses({ description }: Detector, dataset: DetectionDataset, { run }: Settings): void {
  const { classes } = description;
  if (dataset.categories.length === classes) return;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `${dataset.name} has ${dataset.categories.length} categories, the detector of ${run} knows ${classes}`,
    { hint: "evaluate on the data set the detector was trained for" },
  );
}

function print(settings: Settings, context: CommandContext, scores: DetectionScores): void {
  const { box, mask, voc } = scores;
  const protocol = `detector of ${settings.run} on ${settings.test}, noise seed ${settings.seed}`;
  if (context.json) {
    context.terminal.data(
      `${JSON.stringify({ protocol, split: settings.test, n: box.n, box, mask, voc }, null, 2)}\n`,
    );
    return;
  }
  const names = Object.keys(box.figures) as (keyof CocoFigures)[];
  const cell = ({ figures, intervals }: DetectionEvaluation, name: keyof CocoFigures) =>
    percentWithin(figures[name], intervals?.[name]);
  const rows = names.map((name) => [name, cell(box, name), ...(mask ? [cell(mask, name)] : [])]);
  const classes = box.categories.map(({ name, objects, ap, ap50 }) => [
    name,
    String(objects),
    percent(ap),
    percent(ap50),
  ]);
  context.terminal.data(
    [
      textTable(["figure", "boxes, %", ...(mask ? ["masks, %"] : [])], rows),
      textTable(["class", "objects", "AP, %", "AP50, %"], classes),
      `VOC AP50 ${percent(voc.figures.ap)} %\n${protocol}; n = ${box.n} images, 95 % intervals over resampled images\n`,
    ].join("\n"),
  );
}
