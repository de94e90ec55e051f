/** Trained segmenters as results.json and as lines on the terminal. */
import type { SegmentationDataset } from "@difftap/datasets";
import { classColours, densePicture, paintedMap, type SegmentedImage } from "@difftap/eval";
import { countPixels, type SegmentationEvaluation } from "@difftap/metrics";
import {
  overSeeds,
  type SegmentationPicture,
  type SegmentationRun,
  type TrainedSegmenter,
} from "@difftap/run-folder";
import { figureLine } from "./dense/figure-line.js";
import { reportEntry } from "./dense/report.js";
import { type DenseReport, trainedEntry, trainedRun } from "./dense/results.js";
import type { TrainedSeed } from "./dense/run.js";
import { percentOf, percentRange } from "./percent.js";
import type { SegmentationScore } from "./segment.js";

type SegmentationReport = DenseReport<SegmentationScore, SegmentationDataset>;

/** Writes results.json, unless everything had been done before, and prints the figures. */
export async function reportSegmentation(report: SegmentationReport): Promise<void> {
  const entry = await entryOf(report);
  const { mean, deviation, runs } = entry;
  const { interval, n } = runs[0]!.miou;
  const seeds = runs.map(({ seed }) => seed);
  const line = figureLine({ name: "mIoU", mean, deviation, interval, seeds, n });
  await reportEntry(report, "segmentation", entry, [line]);
}

async function entryOf(report: SegmentationReport): Promise<TrainedSegmenter> {
  const { settings, seeds, test, adapter } = report;
  const bootstrap = { seed: settings.testSeed };
  const evaluated = seeds.map(({ score }) => score.counts.evaluate({ bootstrap }));
  const runs = seeds.map((trained, index) => runOf(report, trained, evaluated[index]!));
  const evaluation = evaluated[0]!;
  const { shown } = seeds[0]!.score;
  const colours = classColours(test.dataset.labelNames.length);
  return {
    ...trainedEntry(report),
    segmenter: adapter.name.replace(/ segmenter$/, ""),
    runs,
    ...overSeeds(runs.map(({ miou }) => miou.value)),
    perClass: evaluation.classes.map(({ name, iou, accuracy, pixels }) => ({
      name,
      iou: percentOf(iou),
      accuracy: percentOf(accuracy),
      pixels,
    })),
    absent: [...evaluation.absent],
    classes: test.dataset.labelNames.map((name, label) => ({ name, colour: colours[label]! })),
    pictures: await Promise.all(shown.map((image) => pictureOf(test.dataset, image, colours))),
  };
}

function runOf(
  report: SegmentationReport,
  trained: TrainedSeed<SegmentationScore>,
  evaluation: SegmentationEvaluation,
): SegmentationRun {
  return {
    ...trainedRun(report, trained),
    miou: { ...measured(evaluation, "miou"), n: evaluation.n },
    pixelAccuracy: measured(evaluation, "pixelAccuracy"),
    meanAccuracy: measured(evaluation, "meanAccuracy"),
  };
}

function measured(
  { figures, intervals }: SegmentationEvaluation,
  name: "miou" | "pixelAccuracy" | "meanAccuracy",
) {
  return {
    value: percentOf(figures[name]) ?? 0,
    interval: percentRange(intervals?.[name]) ?? ([0, 100] as [number, number]),
  };
}

async function pictureOf(
  dataset: SegmentationDataset,
  { index, truth, predicted }: SegmentedImage,
  colours: readonly string[],
): Promise<SegmentationPicture> {
  const counts = countPixels(dataset);
  counts.add(truth, predicted);
  const { figures } = counts.evaluate();
  return {
    ...(await densePicture(dataset, index, truth)),
    truth: paintedMap(truth, colours),
    predicted: paintedMap(predicted, colours),
    width: truth.width,
    height: truth.height,
    miou: percentOf(figures.miou),
    pixelAccuracy: percentOf(figures.pixelAccuracy),
  };
}
