/** `difftap-eval segment`: a trained segmenter on any data set with label maps; whole images, or windows and scales averaged. */
import {
  type CommandContext,
  type CommandSpec,
  flag,
  option,
  positiveNumbers,
  type SettingsOf,
  textTable,
} from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { openSegmentation, type SegmentationDataset } from "@difftap/datasets";
import { selectEngine } from "@difftap/engine";
import type { PixelCounts, SegmentationEvaluation } from "@difftap/metrics";
import { restoreSegmenter, type Segmenter, type SegmenterDescription } from "@difftap/segmentation";
import type { MapReader } from "../compose/dense/map-reader.js";
import { onMaps } from "../compose/dense/on-maps.js";
import { denseEvalOptions } from "../compose/dense/options.js";
import { percent, percentWithin } from "../compose/dense/percent.js";
import { readSavedDense, type SavedDense, withMaps } from "../compose/dense/saved-run.js";
import { segmentationScores } from "../compose/dense/scores.js";
import { segmentImages } from "../compose/dense/segment-images.js";
import { segmentInWindows } from "../compose/dense/windows.js";
import { shownImages } from "../compose/image-arrays.js";
import { firstImages, type Selection } from "../compose/images.js";
import { imageSides } from "../compose/values.js";

const options = {
  ...denseEvalOptions,
  window: option(
    "<HxW>",
    "images at their own size, in windows of so many pixels that overlap",
    imageSides().optional(),
  ),
  stride: option("<HxW>", "from one window to the next (default: two thirds of it)", imageSides().optional()),
  scales: option(
    "<list>",
    "images at their own size times each of these, averaged, such as 0.75,1,1.25",
    positiveNumbers().optional(),
  ),
  mirror: flag("the mirrored image too, averaged"),
};

type Settings = SettingsOf<typeof options>;

export const segment: CommandSpec<typeof options> = {
  name: "segment",
  about: "Measures a trained segmenter: mIoU, pixel accuracy, every class",
  example: "difftap-eval segment --run runs/streets/seed-0 --test masks:camvid,split=test --weights adm.pt",
  options,
  run: async (settings, context) => {
    await selectEngine(settings.engine);
    const saved = await readSavedDense<SegmenterDescription>(settings.run);
    const segmenter = restoreSegmenter({ description: saved.adapter, tensors: saved.tensors });
    const images = firstImages(await openSegmentation(settings.test), settings.count);
    try {
      checkClasses(segmenter, images.dataset, settings);
      const choice = { ...settings, taps: segmenter.inputs };
      await withMaps(saved, choice, async (reader) => {
        const measured = { settings, context, saved, segmenter, images, reader };
        const counts = await (ownSize(settings) ? inWindows(measured) : onCanvas(measured));
        print(settings, context, counts.evaluate({ bootstrap: { seed: settings.seed } }));
      });
    } finally {
      segmenter.dispose();
      await images.dataset.close?.();
    }
  },
};

interface Measured {
  readonly settings: Settings;
  readonly context: CommandContext;
  readonly saved: SavedDense<SegmenterDescription>;
  readonly segmenter: Segmenter;
  readonly images: Selection<SegmentationDataset>;
  readonly reader: MapReader;
}

/** Whether images are read at their own size, and not as in training. */
function ownSize({ window, stride, scales, mirror }: Settings): boolean {
  return window !== undefined || stride !== undefined || scales !== undefined || mirror;
}

function onCanvas({ settings, context, saved, segmenter, images, reader }: Measured): Promise<PixelCounts> {
  const { canvas, fit } = saved.data;
  return segmentImages(
    images,
    { ...canvas, fit, batch: settings.batch },
    (batch, sizes) =>
      onMaps(reader, shownImages(batch), settings.seed, (maps) => segmentationScores(segmenter, maps, sizes)),
    context,
  );
}

function inWindows({ settings, context, segmenter, images, reader }: Measured): Promise<PixelCounts> {
  const { window, stride, scales = [1], mirror, seed: noiseSeed } = settings;
  return segmentInWindows(
    images,
    { reader, segmenter, noiseSeed },
    { window, stride, scales, mirror },
    context,
  );
}

/** @throws DifftapError LABELS_MISMATCH for another number of classes. */
function checkClasses({ description }: Segmenter, dataset: SegmentationDataset, { run }: Settings): void {
  const { classes } = description;
  if (dataset.labelNames.length === classes) return;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `${dataset.name} has ${dataset.labelNames.length} classes, the segmenter of ${run} knows ${classes}`,
    { hint: "evaluate on the data set the segmenter was trained for" },
  );
}

function print(settings: Settings, context: CommandContext, evaluation: SegmentationEvaluation): void {
  const protocol = `segmenter of ${settings.run} on ${settings.test}, ${layoutOf(settings)}, noise seed ${settings.seed}`;
  if (context.json) {
    context.terminal.data(`${JSON.stringify({ protocol, split: settings.test, ...evaluation }, null, 2)}\n`);
    return;
  }
  const { figures, intervals, classes, n } = evaluation;
  const line = (name: string, key: keyof typeof figures) => [
    name,
    percentWithin(figures[key], intervals?.[key]),
  ];
  const rows = classes.map(({ name, iou, accuracy, pixels }) => [
    name,
    percent(iou),
    percent(accuracy),
    String(pixels),
  ]);
  context.terminal.data(
    [
      textTable(
        ["figure", "%"],
        [
          line("mIoU", "miou"),
          line("pixel accuracy", "pixelAccuracy"),
          line("mean accuracy", "meanAccuracy"),
        ],
      ),
      textTable(["class", "IoU, %", "accuracy, %", "pixels"], rows),
      `${protocol}; n = ${n} images, 95 % intervals over resampled images\n`,
    ].join("\n"),
  );
}

function layoutOf(settings: Settings): string {
  if (!ownSize(settings)) return "images as in training";
  const { window, stride, scales = [1], mirror } = settings;
  const sides = ({ height, width }: { readonly height: number; readonly width: number }) =>
    `${height}×${width}`;
  return [
    window ? `windows of ${sides(window)}` : "whole images at their own size",
    ...(stride ? [`every ${sides(stride)}`] : []),
    ...(scales.length > 1 || scales[0] !== 1 ? [`scales ${scales.join(", ")}`] : []),
    ...(mirror ? ["mirrored too"] : []),
  ].join(", ");
}
