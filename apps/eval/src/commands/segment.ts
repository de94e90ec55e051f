/** `difftap-eval segment`: a trained segmenter on any data set with label maps; whole images, or windows and scales averaged. */
import { type CommandContext, type CommandSpec, type SettingsOf, textTable } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { openSegmentation, type SegmentationDataset } from "@difftap/datasets";
import { selectEngine } from "@difftap/engine";
import type { SegmentationEvaluation } from "@difftap/metrics";
import { restoreSegmenter, type Segmenter, type SegmenterDescription } from "@difftap/segmentation";
import { onMaps } from "../compose/dense/on-maps.js";
import { denseEvalOptions } from "../compose/dense/options.js";
import { readSavedDense, withMaps } from "../compose/dense/saved-run.js";
import { segmentationScores } from "../compose/dense/scores.js";
import { segmentImages } from "../compose/dense/segment-images.js";
import { firstImages } from "../compose/images.js";

type Settings = SettingsOf<typeof denseEvalOptions>;

export const segment: CommandSpec<typeof denseEvalOptions> = {
  name: "segment",
  about: "Measures a trained segmenter: mIoU, pixel accuracy, every class",
  example: "difftap-eval segment --run runs/streets/seed-0 --test masks:camvid,split=test --weights adm.pt",
  options: denseEvalOptions,
  run: async (settings, context) => {
    await selectEngine(settings.engine);
    const saved = await readSavedDense<SegmenterDescription>(settings.run);
    const segmenter = restoreSegmenter({ description: saved.adapter, tensors: saved.tensors });
    const images = firstImages(await openSegmentation(settings.test), settings.count);
    try {
      checkClasses(segmenter, images.dataset, settings);
      const { canvas, fit } = saved.data;
      const choice = { ...settings, taps: segmenter.inputs, size: canvas };
      await withMaps(saved, choice, async (reader) => {
        const counts = await segmentImages(
          images,
          { ...canvas, fit, batch: settings.batch },
          (batch, sizes) =>
            onMaps(reader, batch, settings.seed, (maps) => segmentationScores(segmenter, maps, sizes)),
          context,
        );
        print(settings, context, counts.evaluate({ bootstrap: { seed: settings.seed } }));
      });
    } finally {
      segmenter.dispose();
      await images.dataset.close?.();
    }
  },
};

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
  const protocol = `segmenter of ${settings.run} on ${settings.test}, whole images, noise seed ${settings.seed}`;
  if (context.json) {
    context.terminal.data(`${JSON.stringify({ protocol, split: settings.test, ...evaluation }, null, 2)}\n`);
    return;
  }
  const { figures, intervals, classes, n } = evaluation;
  const line = (name: string, key: keyof typeof figures) => {
    const range = intervals?.[key];
    return [
      name,
      range ? `${percent(figures[key])} (${percent(range[0])}–${percent(range[1])})` : percent(figures[key]),
    ];
  };
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

const percent = (share: number | null) => (share === null ? "–" : (100 * share).toFixed(2));
