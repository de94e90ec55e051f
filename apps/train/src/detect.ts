/** `difftap-train detect`: trains a detector on the features of a diffusion network; continues where it was stopped. */
import { type CommandSpec, describeEnvironment, option, type SettingsOf } from "@difftap/command-line";
import { type DetectionBatch, type DetectionDataset, loadDetection, openDetection } from "@difftap/datasets";
import {
  createDetector,
  type Detector,
  type DetectorDescription,
  detectors,
  stackTargets,
} from "@difftap/detection";
import { selectEngine } from "@difftap/engine";
import {
  type DetectedSet,
  type DetectionScores,
  detectImages,
  firstImages,
  type Selection,
  scoreDetections,
} from "@difftap/eval";
import { createRunFolder } from "@difftap/run-folder";
import { z } from "zod";
import { withNetwork } from "./dense/open-backbone.js";
import type { DenseTask } from "./dense/run.js";
import { trainSeeds } from "./dense/seeds.js";
import { denseOptions, denseRecipe } from "./dense/settings.js";
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

/** Of a seed: everything found, and what it is worth. */
export interface DetectionScore {
  readonly set: DetectedSet;
  readonly scores: DetectionScores;
}

type DetectionTask = DenseTask<Detector, DetectionBatch, DetectionScore> & {
  readonly test: Selection<DetectionDataset>;
};

export const detect: CommandSpec<typeof detectOptions> = {
  name: "detect",
  about: "Trains a detector on the features of a network, frozen, with feedback or trained along",
  example:
    "difftap-train detect --train voc:BCCD,split=train --test voc:BCCD,split=test --weights adm.pt --blocks 8,10,12 --canvas 240x320 --out runs/cells",
  presets: new URL("../presets/detect/", import.meta.url),
  options: detectOptions,
  run: async (settings, context) => {
    denseRecipe(settings, 0);
    const engine = await selectEngine(settings.engine, { arena: !settings.recompute });
    context.terminal.note(`engine ${engine.name} ${engine.version} on ${engine.device}: ${engine.reason}`);
    const train = firstImages(await openDetection(settings.train), settings.trainCount);
    const test = firstImages(await openDetection(settings.test), settings.testCount);
    try {
      await withNetwork(settings, async (network) => {
        const task = detectionTask(settings, train, test);
        await createRunFolder(settings.out, {
          config: settings,
          environment: { ...describeEnvironment({ tfjs: engine.version }), engine: engine.name },
        });
        const trained = await trainSeeds({ task, settings, context, network, engine });
        const { detector, spec } = trained.seeds[0]!.description as DetectorDescription;
        await reportDetection({
          settings,
          context,
          network,
          engine: engine.name,
          train,
          test,
          classNames: train.dataset.categories.map(({ name }) => name),
          adapter: { name: `${detector} detector`, spec },
          ...trained,
        });
      });
    } finally {
      await Promise.all([train.dataset.close?.(), test.dataset.close?.()]);
    }
  },
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
    test,
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
      return { set, scores: scoreDetections(set, test.dataset.categories, settings.testSeed) };
    },
    numbers: ({ scores: { box, mask } }) => ({
      ap: 100 * (box.figures.ap ?? 0),
      ap50: 100 * (box.figures.ap50 ?? 0),
      ...(mask && { maskAp: 100 * (mask.figures.ap ?? 0) }),
    }),
  };
}
