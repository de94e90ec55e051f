/** The numbers of a run folder, each with what every seed gave. */
import type {
  DetectionRun,
  Results,
  RunResult,
  TrainedDetector,
  TrainedHead,
  TrainedSegmenter,
} from "@difftap/run-folder";
import type { Figure, SeededValue } from "./suite-figures.js";

/** Of what was trained: heads, detectors, segmenters. */
export function trainedFigures({ heads = [], detection = [], segmentation = [] }: Results): Figure[] {
  return [
    ...heads.map(headFigure),
    ...detection.flatMap(detectorFigures),
    ...segmentation.flatMap(segmenterFigures),
  ];
}

/** The single numbers that a run lists. */
export const listedFigures = ({ results }: Results): Figure[] => results.map(resultFigure);

/** What heads, detectors and segmenters share. */
type Trained = Pick<TrainedHead, "name" | "protocol" | "split">;

const figureOf = (
  { name, protocol, split }: Trained,
  metric: string,
  runs: readonly SeededValue[],
): Figure => ({
  ...{ name, metric, unit: "%", protocol, split, runs },
});

function headFigure(head: TrainedHead): Figure {
  const runs = head.runs.map(({ seed, top1 }) => ({ seeds: [seed], ...top1 }));
  return figureOf(head, "top-1", runs);
}

const ofDetectors: readonly (readonly [metric: string, read: (run: DetectionRun) => Measured])[] = [
  ["box AP", ({ box }) => ({ value: box.ap, interval: box.interval.ap })],
  ["box AP50", ({ box }) => ({ value: box.ap50, interval: box.interval.ap50 })],
  ["mask AP", ({ mask }) => ({ value: mask?.ap, interval: mask?.interval.ap })],
  ["mask AP50", ({ mask }) => ({ value: mask?.ap50, interval: mask?.interval.ap50 })],
  ["VOC AP50", ({ voc50 }) => ({ value: voc50?.value, interval: voc50?.interval })],
];

/** Absent where it was not measured, null where there was nothing to measure it on. */
interface Measured {
  readonly value: number | null | undefined;
  readonly interval: readonly [number, number] | null | undefined;
}

/** Those that every seed has. */
function detectorFigures(model: TrainedDetector): Figure[] {
  return ofDetectors.flatMap(([metric, read]) => {
    const runs = model.runs.flatMap((run) => {
      const { value, interval } = read(run);
      return value == null || interval == null ? [] : [{ seeds: [run.seed], value, interval, n: run.n }];
    });
    return runs.length === model.runs.length ? [figureOf(model, metric, runs)] : [];
  });
}

const ofSegmenters = [
  ["mIoU", "miou"],
  ["pixel accuracy", "pixelAccuracy"],
  ["mean accuracy", "meanAccuracy"],
] as const;

function segmenterFigures(model: TrainedSegmenter): Figure[] {
  return ofSegmenters.map(([metric, name]) => {
    const runs = model.runs.map(({ seed, miou, [name]: { value, interval } }) => ({
      ...{ seeds: [seed], value, interval, n: miou.n },
    }));
    return figureOf(model, metric, runs);
  });
}

function resultFigure({ name, metric, unit, protocol, split, seeds, value, interval, n }: RunResult): Figure {
  return { name, metric, unit, protocol, split, runs: [{ seeds, value, interval, n }] };
}
