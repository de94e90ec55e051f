/** The layout that CUB-200-2011 and NABirds share: tables of images, classes, and which images are for training. */
import { join } from "node:path";
import type { ImageDataset } from "../dataset.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { listedImages } from "../listed-images.js";
import { lookUp, readTable } from "./table.js";

export interface BirdSpec {
  readonly path: string;
  readonly split: "train" | "test";
}

export interface BirdSet {
  readonly kind: string;
  readonly of: string;
  /** A class as `classes.txt` has it, for people. */
  nameOf(written: string): string;
}

const tables = {
  images: "images.txt",
  labels: "image_class_labels.txt",
  splits: "train_test_split.txt",
  names: "classes.txt",
} as const;

/** Classes are those that images have, in the order of their numbers. An id is the image's path below `images`. */
export async function openBirds({ path, split }: BirdSpec, set: BirdSet): Promise<ImageDataset> {
  const layout: Layout = { of: set.of, expected: ["images/CLASS/NAME.jpg", ...Object.values(tables)] };
  await requireLayout(path, ["images", ...Object.values(tables)], layout);
  const files = { images: "", labels: "", splits: "", names: "" };
  for (const key of ["images", "labels", "splits", "names"] as const) files[key] = join(path, tables[key]);
  const [images, labels, splits, names] = [
    await readTable(files.images),
    await readTable(files.labels),
    await readTable(files.splits),
    await readTable(files.names),
  ];
  const used = [...new Set(labels.values())].sort((a, b) => Number(a) - Number(b));
  const labelOf = new Map(used.map((number, label) => [number, label]));
  const chosen = [...images].filter(
    ([id]) => lookUp(splits, id, files.splits) === (split === "train" ? "1" : "0"),
  );
  return listedImages({
    kind: set.kind,
    root: path,
    list: files.images,
    images: chosen.map(([id, file]) => ({
      id: file,
      file: `images/${file}`,
      label: labelOf.get(lookUp(labels, id, files.labels))!,
    })),
    classes: used.map((number) => set.nameOf(lookUp(names, number, files.names))),
  });
}
