/** What runs of detection and segmentation say beyond other runs: a model of several seeds, one of one. */
import type { ResultsInput } from "../src/index.js";

type DenseFields = Pick<ResultsInput, "detection" | "segmentation">;
type Detector = NonNullable<ResultsInput["detection"]>[number];
type Coco = Detector["runs"][number]["box"];

const trained = { protocol: "AdamW, 40 epochs", split: "test", settings: "width 64", parameters: 90_000 };
const taken = { epochs: 40, seconds: 250.5 };
const around = (value: number): [number, number] => [value - 5, value + 5];

export function exampleDense(image: string): DenseFields {
  return { detection: [detector(image), baseline()], segmentation: [segmenter(image)] };
}

/** COCO's figures; there are no large objects. */
function coco(ap: number, ap50: number): Coco {
  const precision = { ap, ap50, ap75: 40, apSmall: 20, apMedium: 45, apLarge: null };
  const recall = { ar1: 15, ar10: 40, ar100: 50, arSmall: 30, arMedium: 55, arLarge: null };
  return { ...precision, ...recall, interval: { ap: around(ap), ap50: around(ap50) } };
}

function detector(image: string): Detector {
  const run = (seed: number, shift: number) => ({
    seed,
    ...taken,
    n: 72,
    box: coco(40 + shift, 70 + shift),
    mask: coco(35 + shift, 65 + shift),
    voc50: { value: 71 + shift, interval: around(71 + shift) },
  });
  const over = (mean: number) => ({ mean, deviation: 1 });
  return {
    ...{ name: "frozen", detector: "fcos", neck: "fpn", taps: ["t10/b08", "t10/b11"], ...trained },
    runs: [run(0, 0), run(1, 1), run(2, 2)],
    figures: {
      box: { ap: over(41), ap50: over(71) },
      mask: { ap: over(36), ap50: over(66) },
      voc50: over(72),
    },
    perClass: [
      { name: "red", objects: 900, ap: 50, ap50: 80, mask: { ap: 45, ap50: 75 } },
      { name: "white", objects: 72, ap: 30, ap50: 60, mask: { ap: 25, ap50: 55 } },
      { name: "none", objects: 0, ap: null, ap50: null, mask: { ap: null, ap50: null } },
    ],
    dropped: { boxes: 4888, dropped: 2, clipped: 3, examples: ["a.xml: [0, 0, 0, 5]"] },
    pictures: [
      {
        ...{ id: "7", image, width: 640, height: 480, note: "scores from 0.3" },
        truth: [{ label: "red", box: [10, 20, 100, 90.5] }],
        found: [{ label: "white", score: 0.9, box: [630, 470, 20, 20] }],
      },
    ],
  };
}

/** One seed, boxes only, and nothing to look at. */
function baseline(): Detector {
  const single = (mean: number) => ({ mean, deviation: null });
  return {
    ...{ name: "raw pixels", detector: "fcos", neck: "simple-pyramid", taps: ["pixels/s8"], ...trained },
    runs: [{ seed: 0, ...taken, n: 72, box: coco(20, 40) }],
    failures: [{ seed: 1, reason: "diverged at step 12" }],
    figures: { box: { ap: single(20), ap50: single(40) } },
    perClass: [{ name: "red", objects: 972, ap: 20, ap50: 40 }],
  };
}

function segmenter(image: string): NonNullable<ResultsInput["segmentation"]>[number] {
  const measured = (value: number) => ({ value, interval: around(value) });
  const run = (seed: number, shift: number) => ({
    seed,
    ...taken,
    miou: { ...measured(45 + shift), n: 233 },
    pixelAccuracy: measured(80 + shift),
    meanAccuracy: measured(70 + shift),
  });
  return {
    ...{ name: "frozen", segmenter: "per-pixel", taps: ["t10/b08"], ...trained },
    runs: [run(0, 0), run(1, 2)],
    mean: 46,
    deviation: Math.SQRT2,
    perClass: [
      { name: "sky", iou: 70, accuracy: 90, pixels: 750 },
      { name: "pole", iou: 20, accuracy: 50, pixels: 250 },
      { name: "sign", iou: 45, accuracy: null, pixels: 0 },
      { name: "boat", iou: null, accuracy: null, pixels: 0 },
    ],
    absent: ["boat"],
    classes: ["sky", "pole", "sign", "boat"].map((name, index) => ({ name, colour: `#0${index}80ff` })),
    pictures: [
      {
        ...{ id: "0001", image, truth: image, predicted: image, width: 240, height: 180 },
        ...{ miou: 50.5, pixelAccuracy: 77.5 },
      },
    ],
  };
}
