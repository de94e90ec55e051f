/** Trained detectors as results.json, as COCO's result files and as lines on the terminal. */
import { join } from "node:path";
import { writeFileAtomic } from "@difftap/core";
import type { DetectionDataset } from "@difftap/datasets";
import { cocoResults, type DetectionScores, densePicture, scoreDetections, spread } from "@difftap/eval";
import type { CategoryPrecision, Detection, CocoFigures as Figures } from "@difftap/metrics";
import {
  type DetectionPicture,
  type DetectionRun,
  overSeeds,
  type TrainedDetector,
} from "@difftap/run-folder";
import { figureLine } from "./dense/figure-line.js";
import { isUnreported, reportEntry } from "./dense/report.js";
import { type DenseReport, trainedEntry, trainedRun } from "./dense/results.js";
import type { TrainedSeed } from "./dense/run.js";
import type { DetectionScore } from "./detect.js";
import { percentOf, percentRange } from "./percent.js";

type DetectionReport = DenseReport<DetectionScore, DetectionDataset>;

/** Pictures of a report, spread over the test set. */
const SHOWN = 6;

/** Writes results.json and each seed's `detections.json`, unless everything had been done before, and prints the figures. */
export async function reportDetection(report: DetectionReport): Promise<void> {
  const entry = await entryOf(report);
  if (isUnreported(report))
    await Promise.all(report.seeds.map((trained) => writeDetections(report, trained)));
  const masks = entry.figures.mask ? linesOf("mask", entry) : [];
  await reportEntry(report, "detection", entry, [...linesOf("box", entry), ...masks]);
}

async function entryOf(report: DetectionReport): Promise<TrainedDetector> {
  const { settings, seeds, test, adapter } = report;
  const scored = seeds.map(({ score }) =>
    scoreDetections(score.set, test.dataset.categories, settings.testSeed),
  );
  const runs = seeds.map((trained, index) => runOf(report, trained, scored[index]!));
  const [first] = seeds;
  const { box, mask } = scored[0]!;
  const masks = mask?.categories;
  const { report: boxes } = test.dataset;
  const { neck } = adapter.spec as { neck?: { name: string } };
  return {
    ...trainedEntry(report),
    detector: adapter.name.replace(/ detector$/, ""),
    neck: neck?.name ?? "none",
    runs,
    figures: {
      box: summaries(runs.map((run) => run.box)),
      ...(mask && { mask: summaries(runs.map((run) => run.mask!)) }),
      voc50: overSeeds(runs.map((run) => run.voc50!.value)),
    },
    perClass: box.categories.map(({ name, objects, ap, ap50 }, label) => ({
      name,
      objects,
      ap: percentOf(ap),
      ap50: percentOf(ap50),
      ...(masks && { mask: { ap: percentOf(masks[label]!.ap), ap50: percentOf(masks[label]!.ap50) } }),
    })),
    ...(boxes && { dropped: { ...boxes, examples: [...boxes.examples] } }),
    pictures: await picturesOf(report, first!.score, box.categories),
  };
}

function runOf(
  report: DetectionReport,
  trained: TrainedSeed<DetectionScore>,
  { box, mask, voc }: DetectionScores,
): DetectionRun {
  return {
    ...trainedRun(report, trained),
    n: box.n,
    box: figuresOf(box),
    ...(mask && { mask: figuresOf(mask) }),
    voc50: { value: 100 * (voc.figures.ap ?? 0), interval: percentRange(voc.intervals?.ap) ?? [0, 100] },
  };
}

function figuresOf({ figures, intervals }: DetectionScores["box"]): DetectionRun["box"] {
  const named = Object.entries(figures).map(([name, value]) => [name, percentOf(value)]);
  const interval = { ap: percentRange(intervals?.ap), ap50: percentRange(intervals?.ap50) };
  return { ...(Object.fromEntries(named) as Figures), interval };
}

function summaries(runs: readonly Figures[]): TrainedDetector["figures"]["box"] {
  const over = (name: "ap" | "ap50") => {
    const values = runs.map((run) => run[name]);
    const known = values.filter((value) => value !== null);
    return known.length === values.length ? overSeeds(known) : { mean: null, deviation: null };
  };
  return { ap: over("ap"), ap50: over("ap50") };
}

async function picturesOf(
  { test }: DetectionReport,
  { set }: DetectionScore,
  categories: readonly CategoryPrecision[],
): Promise<DetectionPicture[]> {
  const { dataset } = test;
  const label = (of: number) => dataset.categories[of]!.name;
  const isShown = (each: Detection) => each.score >= (categories[each.label]!.bestScore ?? 0.5);
  const chosen = spread(set.images, SHOWN).map(async (image): Promise<DetectionPicture> => {
    const size = await dataset.imageSize(image);
    const truth = set.groundTruth.filter((each) => each.image === image && !each.crowd && !each.difficult);
    const found = set.detections.filter((each) => each.image === image && isShown(each));
    return {
      ...(await densePicture(dataset, image, size)),
      width: size.width,
      height: size.height,
      truth: truth.map((each) => ({ label: label(each.label), box: [...each.box] })),
      found: found.map(({ score, ...each }) => ({ label: label(each.label), score, box: [...each.box] })),
      note: `boxes from the score of the best F1: ${shownScores(categories)}`,
    };
  });
  return Promise.all(chosen);
}

/** "RBC 0.52, WBC 0.61" */
function shownScores(categories: readonly CategoryPrecision[]): string {
  const known = categories.filter(({ bestScore }) => bestScore !== null);
  return known.map(({ name, bestScore }) => `${name} ${bestScore!.toFixed(2)}`).join(", ") || "none";
}

/** As COCO's servers take results: the data set's own numbers of images and categories. @throws DifftapError WRITE_FAILED. */
async function writeDetections(
  { test }: DetectionReport,
  { folder, score }: TrainedSeed<DetectionScore>,
): Promise<void> {
  await writeFileAtomic(
    join(folder, "detections.json"),
    `${JSON.stringify(cocoResults(score.set.detections, test.dataset))}\n`,
  );
}

function linesOf(kind: "box" | "mask", { figures, runs }: TrainedDetector): string[] {
  const [first] = runs;
  const seeds = runs.map(({ seed }) => seed);
  return (["ap", "ap50"] as const).map((figure) =>
    figureLine({
      name: `${kind} ${figure === "ap" ? "AP" : "AP50"}`,
      ...figures[kind]![figure],
      interval: first![kind]!.interval[figure],
      seeds,
      n: first!.n,
    }),
  );
}
