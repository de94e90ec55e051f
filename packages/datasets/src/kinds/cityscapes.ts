/** Cityscapes: street scenes per city, fine annotations, the 19 classes that the benchmark evaluates. */
import { z } from "zod";
import type { SegmentationDataset } from "../annotations.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import type { Meaning } from "../label-maps.js";
import { openMaskFolders } from "../mask-folders.js";

export interface CityscapesSpec {
  /** The folder with leftImg8bit and gtFine. */
  readonly path: string;
  readonly split: "train" | "val" | "test";
  /** Which masks are read: `labelIds`, which are published, or `labelTrainIds`, which cityscapesScripts makes of them. */
  readonly ids?: "labelIds" | "labelTrainIds" | undefined;
}

/** Names by train id, and the ids they have in `labelIds`. Source: cityscapesScripts, helpers/labels.py. */
const classes: readonly (readonly [id: number, name: string])[] = [
  [7, "road"],
  [8, "sidewalk"],
  [11, "building"],
  [12, "wall"],
  [13, "fence"],
  [17, "pole"],
  [19, "traffic light"],
  [20, "traffic sign"],
  [21, "vegetation"],
  [22, "terrain"],
  [23, "sky"],
  [24, "person"],
  [25, "rider"],
  [26, "car"],
  [27, "truck"],
  [28, "bus"],
  [31, "train"],
  [32, "motorcycle"],
  [33, "bicycle"],
];

/** The largest of the ids; those between are not evaluated. */
const LAST_ID = 33;

/** In `labelTrainIds`. */
const IGNORED = 255;

const layout: Layout = {
  of: "Cityscapes",
  expected: [
    "leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png",
    "gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png",
    "or, with ids=labelTrainIds, NAME_gtFine_labelTrainIds.png",
  ],
};

/**
 * Opens a split. Labels are the train ids 0 … 18, whichever masks are read; all else is ignored. The published masks of the
 * test split are empty.
 * @throws DifftapError DATA_REFUSED for another layout; as `openMaskFolders` does
 */
export async function openCityscapes(spec: CityscapesSpec): Promise<SegmentationDataset> {
  const { path, split, ids = "labelIds" } = spec;
  const [images, masks] = [`leftImg8bit/${split}`, `gtFine/${split}`];
  await requireLayout(path, [images, masks], layout);
  return openMaskFolders({
    kind: "cityscapes",
    root: path,
    images,
    maskOf: (file) => `${masks}/${file.replace(/_leftImg8bit\.png$/, `_gtFine_${ids}.png`)}`,
    labelNames: classes.map(([, name]) => name),
    labelOf: ids === "labelIds" ? meaningOfId : meaningOfTrainId,
    layout,
  });
}

export const cityscapes = defineDataset<CityscapesSpec>({
  kind: "cityscapes",
  usage: "cityscapes:data/cityscapes,split=train",
  takesPath: true,
  options: ["split", "ids"],
  schema: z.strictObject({
    path: z.string().min(1),
    split: z.enum(["train", "val", "test"]),
    ids: z.enum(["labelIds", "labelTrainIds"]).optional(),
  }),
  open: openCityscapes,
  openSegmentation: openCityscapes,
});

function meaningOfId(value: number): Meaning {
  const label = classes.findIndex(([id]) => id === value);
  if (label >= 0) return label;
  return value <= LAST_ID ? "ignore" : "unknown";
}

function meaningOfTrainId(value: number): Meaning {
  if (value < classes.length) return value;
  return value === IGNORED ? "ignore" : "unknown";
}
