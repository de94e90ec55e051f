/** `difftap-train detect`: trains a detector on the features of a diffusion network; continues where it was stopped. */
import { type CommandSpec, option, type SettingsOf } from "@difftap/command-line";
import { type DetectionBatch, type DetectionDataset, loadDetection, openDetection } from "@difftap/datasets";
import { createDetector, type Detector, detectors, stackTargets } from "@difftap/detection";
import {
  type DetectedSet,
  type DetectionScores,
  detectImages,
  type Selection,
  scoreDetections,
} from "@difftap/eval";
import { z } from "zod";
import { trainDense } from "./dense/command.js";
import type { DenseTask } from "./dense/run.js";
import { denseOptions } from "./dense/settings.js";
import { reportDetection } from "./detect-results.js";
import { jsonObject, nameOrObject } from "./setting-values.js";

export const detectOptions = {
  train: option("<dataset>", "training images with boxes, such as voc:PATH,split=train", z.string().min(1)),
  test: option("<dataset>", "test images with boxes", z.string().min(1)),
  ...denseOptions,
  detector: option(
    "<name>",
    `which detector: ${detectors.map(({ name }) => name).join(", ")}`,
    z.string().min(1).default("fcos"),
  ),
  spec: option("<json>", "the detector's own settings", nameOrObject().default("{}")),
};

type DetectSettings = SettingsOf<typeof detectOptions>;

/** Of a seed: everything found, and what it is worth; intervals cost much more and are for the report. */
export interface DetectionScore {
  readonly set: DetectedSet;
  readonly scores: DetectionScores;
}

type DetectionTask = DenseTask<Detector, DetectionBatch, DetectionScore>;

export const detect: CommandSpec<typeof detectOptions> = {
  name: "detect",
  about: "Trains a detector on the features of a network, frozen, with feedback or trained along",
  example:
    "difftap-train detect --train voc:BCCD,split=train --test voc:BCCD,split=test --weights adm.pt --blocks 8,10,12 --canvas 240x320 --out runs/cells",
  presets: new URL("../presets/detect/", import.meta.url),
  options: detectOptions,
  run: (settings, context) =>
    trainDense(
      {
        open: openDetection,
        task: (train, test) => detectionTask(settings, train, test),
        classNames: ({ categories }) => categories.map(({ name }) => name),
        named: ({ detector, spec }) => ({ name: `${detector} detector`, spec }),
        report: reportDetection,
      },
      settings,
      context,
    ),
};

function detectionTask(
  settings: DetectSettings,
  train: Selection<DetectionDataset>,
  test: Selection<DetectionDataset>,
): DetectionTask {
  const { canvas, fit, batch } = settings;
  const spec = jsonObject("spec", settings.spec);
  const { categories } = train.dataset;
  return {
    train,
    adapter: (taps, seed) =>
      createDetector({
        detector: settings.detector,
        spec,
        taps,
        image: canvas,
        classes: categories.length,
        seed,
      }),
    images: (detector) => ({
      indices: train.indices,
      load: (options) => loadDetection(train.dataset, options),
      targets: ({ objects }) => stackTargets(objects.map((each) => detector.targets(each))),
    }),
    async measure(detector, maps, work) {
      const set = await detectImages(
        test,
        { ...canvas, fit, batch },
        (read, originals) => maps(read, (features) => detector.predict(features, originals)),
        work,
      );
      return { set, scores: scoreDetections(set, test.dataset.categories) };
    },
    numbers: ({ scores: { box, mask } }) => ({
      ap: 100 * (box.figures.ap ?? 0),
      ap50: 100 * (box.figures.ap50 ?? 0),
      ...(mask && { maskAp: 100 * (mask.figures.ap ?? 0) }),
    }),
  };
}
