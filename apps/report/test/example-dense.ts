/** A run of detection and segmentation for tests, made by code: models over seeds, classes, pictures. */
import {
  overSeeds,
  type ResultsInput,
  type TrainedDetector,
  type TrainedSegmenter,
} from "@difftap/run-folder";
import { bareResults, HOSTILE } from "./example-runs.js";
import { pngAddress } from "./png.js";

type Coco = TrainedDetector["runs"][number]["box"];
type Picture = TrainedDetector["pictures"][number];

const SEEDS = [0, 1, 2];
const trained = { split: "test", taps: ["t10/b08", "t10/b11"], settings: "width <64>", parameters: 90_210 };
const protocol = "AdamW, 40 epochs";

export const RED = pngAddress(64, 48, () => [255, 0, 0, 255]);
const SKY = [0x10, 0x80, 0xf0] as const;
const ROAD = [0xf0, 0x80, 0x10] as const;
/** Left and right halves in the colours of "sky" and "road", the lowest rows left empty. */
const MAP = pngAddress(64, 48, (x, y) => [...(x < 32 ? SKY : ROAD), y < 40 ? 255 : 0]);

const around = (value: number): [number, number] => [value - 5, value + 5];

/** Twelve different figures; there are no large objects. */
function cocoOf(ap50: number): Coco {
  const ap = ap50 - 30.25;
  const precision = {
    ap,
    ap50,
    ap75: ap50 - 35.5,
    apSmall: ap50 - 33.75,
    apMedium: ap50 - 28,
    apLarge: null,
  };
  const recall = {
    ar1: ap50 - 36.5,
    ar10: ap50 - 24.75,
    ar100: ap50 - 20,
    arSmall: ap50 - 33,
    arMedium: ap50 - 18,
  };
  return { ...precision, ...recall, arLarge: null, interval: { ap: around(ap), ap50: around(ap50) } };
}

/** Objects and boxes of a picture of 640 × 480 pixels: one found, one missed, one of the wrong class, one twice. */
const pictures: Picture[] = [
  {
    ...{ id: "cells-1.jpg", image: RED, width: 640, height: 480, note: "scores from 0.30" },
    truth: [
      { label: "red", box: [170, 130, 300, 230] },
      { label: "red", box: [10, 20, 41.5, 43.25] },
      { label: "white", box: [500, 300, 60, 70] },
    ],
    found: [
      { label: "red", score: 0.97, box: [160, 120, 320, 240] },
      { label: "red", score: 0.61, box: [165, 125, 310, 250] },
      { label: HOSTILE, score: 0.44, box: [501, 302, 61, 72] },
    ],
  },
  {
    ...{ id: HOSTILE, image: RED, width: 640, height: 480, note: "scores from 0.30" },
    truth: [],
    found: [],
  },
];

export function detectorOf(
  name: string,
  ap50: number,
  { seeds = SEEDS, masks = false, shown = false } = {},
): TrainedDetector {
  const runs = seeds.map((seed, index) => ({
    ...{ seed, seconds: 130 + index, epochs: 40, n: 72 },
    box: cocoOf(ap50 + index),
    ...(masks && { mask: cocoOf(ap50 + index - 5.5) }),
    voc50: { value: ap50 + index + 1.25, interval: around(ap50 + index + 1.25) },
  }));
  const over = (of: (run: (typeof runs)[number]) => number | null) => overSeeds(runs.map((run) => of(run)!));
  const kind = (name: "box" | "mask") => ({
    ap: over((run) => run[name]!.ap),
    ap50: over((run) => run[name]!.ap50),
  });
  const classes = [
    { name: "red", objects: 1819, by: 8.75 },
    { name: HOSTILE, objects: 0, by: null },
    { name: "white", objects: 72, by: -8.75 },
  ];
  return {
    ...{ name, detector: "fcos", neck: "fpn", ...trained, protocol, runs },
    figures: {
      box: kind("box"),
      ...(masks && { mask: kind("mask") }),
      voc50: over((run) => run.voc50.value),
    },
    perClass: classes.map(({ name: label, objects, by }) => {
      const figures = (shift: number) =>
        by === null ? { ap: null, ap50: null } : { ap: ap50 - 30.25 - shift + by, ap50: ap50 - shift + by };
      return { name: label, objects, ...figures(0), ...(masks && { mask: figures(5.5) }) };
    }),
    dropped: { boxes: 4888, dropped: 2, clipped: 3, examples: ["<a.xml>: [0, 0, 0, 5]"] },
    pictures: shown ? pictures : [],
  };
}

export function segmenterOf(
  name: string,
  miou: number,
  { seeds = SEEDS, shown = false } = {},
): TrainedSegmenter {
  const measured = (value: number) => ({ value, interval: [value - 2.5, value + 2.5] as [number, number] });
  const runs = seeds.map((seed, index) => ({
    ...{ seed, seconds: 75 + index, epochs: 60 },
    miou: { ...measured(miou + index), n: 233 },
    pixelAccuracy: measured(miou + 30.5 + index),
    meanAccuracy: measured(miou + 20.25 + index),
  }));
  const painted = [
    { name: "sky", colour: "#1080f0", iou: miou + 20.75, accuracy: miou + 40.75, pixels: 3_000_000 },
    { name: "road", colour: "#f08010", iou: miou - 20.75, accuracy: miou - 0.25, pixels: 1_000_000 },
    { name: HOSTILE, colour: "#123456", iou: null, accuracy: null, pixels: 0 },
  ];
  return {
    ...{ name, segmenter: "per-pixel", ...trained, protocol, runs },
    ...overSeeds(runs.map((run) => run.miou.value)),
    perClass: painted.map(({ colour, ...entry }) => entry),
    absent: [HOSTILE],
    classes: painted.map((entry) => ({ name: entry.name, colour: entry.colour })),
    pictures: shown
      ? [
          {
            ...{ id: "street-<1>.jpg", image: RED, truth: MAP, predicted: MAP, width: 64, height: 48 },
            ...{ miou: 41.75, pixelAccuracy: 83.25, note: "seen from <left>" },
          },
          {
            ...{ id: "street-2.jpg", image: RED, truth: MAP, predicted: MAP, width: 64, height: 48 },
            ...{ miou: null, pixelAccuracy: null },
          },
        ]
      : [],
  };
}

/** Everything a run of both can hold. */
export function denseResults(): ResultsInput {
  const failures = [{ seed: 1, reason: "diverged at step <12>" }];
  return {
    ...bareResults(),
    kind: "detection",
    title: "Cells and <streets>",
    seeds: SEEDS,
    dataset: { name: "bccd", train: 205, test: 72, classes: ["red", HOSTILE, "white"] },
    detection: [
      detectorOf("frozen", 70, { masks: true, shown: true }),
      detectorOf("random weights", 48),
      { ...detectorOf("raw <pixels>", 39, { seeds: [0] }), failures },
    ],
    segmentation: [
      segmenterOf("frozen", 46, { shown: true }),
      segmenterOf("random weights", 46, { seeds: [0] }),
    ],
  };
}
