/** What a run's trained models do, beside telling classes of images apart. */
import type { CocoFigures, Results, TrainedDetector, TrainedSegmenter } from "@difftap/run-folder";
import { type ModelReading, seedFigures } from "./model-reading.js";

export interface Task {
  readonly name: "Detection" | "Segmentation";
  /** At least one. */
  readonly models: readonly ModelReading[];
}

/** The tasks that the run has models of. */
export function tasksOf({ detection = [], segmentation = [] }: Results): Task[] {
  const tasks: Task[] = [
    { name: "Detection", models: detection.map(detectorReading) },
    { name: "Segmentation", models: segmentation.map(segmenterReading) },
  ];
  return tasks.filter(({ models }) => models.length > 0);
}

export function detectorReading(model: TrainedDetector): ModelReading {
  const { detector, neck, settings, runs } = model;
  const masks = runs.flatMap(({ mask }) => mask ?? []);
  const voc = runs.flatMap(({ voc50 }) => voc50 ?? []);
  return {
    ...model,
    made: `${detector}, ${neck}; ${settings}`,
    n: runs[0]!.n,
    figures: [
      ...cocoFigures(
        runs.map(({ box }) => box),
        "",
      ),
      ...cocoFigures(masks, "mask "),
      ...seedFigures("VOC AP50", voc),
    ],
  };
}

/** AP50 and AP: the others have no intervals. */
function cocoFigures(runs: readonly CocoFigures[], kind: string) {
  const values = (name: "ap" | "ap50") =>
    runs.map(({ [name]: value, interval: { [name]: interval } }) =>
      value === null || interval === null ? null : { value, interval },
    );
  return [...seedFigures(`${kind}AP50`, values("ap50")), ...seedFigures(`${kind}AP`, values("ap"))];
}

export function segmenterReading(model: TrainedSegmenter): ModelReading {
  const { segmenter, settings, runs } = model;
  const column = (name: "miou" | "pixelAccuracy" | "meanAccuracy") => runs.map((run) => run[name]);
  return {
    ...model,
    made: `${segmenter}; ${settings}`,
    n: runs[0]!.miou.n,
    figures: [
      ...seedFigures("mIoU", column("miou")),
      ...seedFigures("pixel accuracy", column("pixelAccuracy")),
      ...seedFigures("mean accuracy", column("meanAccuracy")),
    ],
  };
}
