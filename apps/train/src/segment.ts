/** `difftap-train segment`: trains a segmenter on the features of a diffusion network; continues where it was stopped. */
import { type CommandSpec, option, type SettingsOf } from "@difftap/command-line";
import { ndarray } from "@difftap/core";
import {
  loadSegmentation,
  openSegmentation,
  type SegmentationBatch,
  type SegmentationDataset,
} from "@difftap/datasets";
import {
  type SegmentedImage,
  type Selection,
  segmentationScores,
  segmentImages,
  spread,
} from "@difftap/eval";
import type { PixelCounts, SegmentationFigures } from "@difftap/metrics";
import { createSegmenter, labelMapEntry, type Segmenter, segmenters } from "@difftap/segmentation";
import { z } from "zod";
import { trainDense } from "./dense/command.js";
import type { DenseTask } from "./dense/run.js";
import { denseOptions } from "./dense/settings.js";
import { reportSegmentation } from "./segment-results.js";
import { jsonObject, nameOrObject } from "./setting-values.js";

export const segmentOptions = {
  train: option(
    "<dataset>",
    "training images with label maps, such as masks:PATH,split=train",
    z.string().min(1),
  ),
  test: option("<dataset>", "test images with label maps", z.string().min(1)),
  ...denseOptions,
  segmenter: option(
    "<name>",
    `which segmenter: ${segmenters.map(({ name }) => name).join(", ")}`,
    z.string().min(1).default("per-pixel"),
  ),
  spec: option("<json>", "the segmenter's own settings", nameOrObject().default("{}")),
};

type SegmentSettings = SettingsOf<typeof segmentOptions>;

/** Of a seed: its pixels, what they come to, and some images as they were segmented. */
export interface SegmentationScore {
  readonly counts: PixelCounts;
  readonly figures: SegmentationFigures;
  readonly shown: readonly SegmentedImage[];
}

/** Images whose maps are kept for the report, spread over the test set. */
const SHOWN = 6;

type SegmentationTask = DenseTask<Segmenter, SegmentationBatch, SegmentationScore>;

export const segment: CommandSpec<typeof segmentOptions> = {
  name: "segment",
  about: "Trains a segmenter on the features of a network, frozen, with feedback or trained along",
  example:
    "difftap-train segment --train masks:camvid,split=train --test masks:camvid,split=test --weights adm.pt --blocks 8,10,12 --canvas 184x240 --out runs/streets",
  presets: new URL("../presets/segment/", import.meta.url),
  options: segmentOptions,
  run: (settings, context) =>
    trainDense(
      {
        open: openSegmentation,
        task: (train, test) => segmentationTask(settings, train, test),
        classNames: ({ labelNames }) => labelNames,
        named: ({ segmenter, spec }) => ({ name: `${segmenter} segmenter`, spec }),
        report: reportSegmentation,
      },
      settings,
      context,
    ),
};

function segmentationTask(
  settings: SegmentSettings,
  train: Selection<SegmentationDataset>,
  test: Selection<SegmentationDataset>,
): SegmentationTask {
  const { canvas, fit, batch } = settings;
  const { labelNames, ignore } = train.dataset;
  const spec = jsonObject("spec", settings.spec);
  return {
    train,
    adapter: (taps, seed) =>
      createSegmenter({
        segmenter: settings.segmenter,
        spec,
        taps,
        classes: labelNames.length,
        ignore,
        seed,
      }),
    images: () => ({
      indices: train.indices,
      load: (options) => loadSegmentation(train.dataset, options),
      targets: ({ labels: { shape, data }, count }) => {
        const [, ...map] = shape;
        const shown = Float32Array.from(data.subarray(0, (data.length / shape[0]!) * count));
        return { [labelMapEntry]: ndarray("float32", [count, ...map], shown) };
      },
    }),
    async measure(segmenter, maps, work) {
      const chosen = new Set(spread(test.indices, SHOWN));
      const shown: SegmentedImage[] = [];
      const seen = (image: SegmentedImage) => {
        if (chosen.has(image.index)) shown.push(image);
      };
      const counts = await segmentImages(
        test,
        { ...canvas, fit, batch },
        (read, sizes) => maps(read, (features) => segmentationScores(segmenter, features, sizes)),
        { ...work, seen },
      );
      return { counts, figures: counts.evaluate().figures, shown };
    },
    numbers: ({ figures }) => ({
      miou: 100 * (figures.miou ?? 0),
      pixelAccuracy: 100 * (figures.pixelAccuracy ?? 0),
    }),
  };
}
