/** ImageNet (ILSVRC 2012): folders per WordNet id; validation images in folders too, or all in one with a list of labels. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type Layout, otherLayout, requireLayout, shortList } from "../files/layout.js";
import { reading } from "../files/read-errors.js";
import { readLines } from "../files/read-file.js";
import { listedImages } from "../listed-images.js";
import { listedIndices } from "../sampling/list-file.js";
import { pickImages } from "../sampling/pick.js";
import { resolveLabels } from "./class-labels.js";
import { openFolder } from "./folder.js";

export interface ImageNetSpec {
  /** The folder with `train` and `val`; of Kaggle's archive `ILSVRC/Data/CLS-LOC`. */
  readonly path: string;
  readonly split: "train" | "val";
  /** Labels of validation images that lie in one folder; `val.txt` or `LOC_val_solution.csv` in `path` when absent. */
  readonly labels?: string | undefined;
  /** Only the images of a list file, such as SimCLR's `1percent.txt` and `10percent.txt`. */
  readonly list?: string | undefined;
}

const layout: Layout = {
  of: "ImageNet",
  expected: [
    "train/nXXXXXXXX/NAME.JPEG",
    "val/nXXXXXXXX/NAME.JPEG",
    "or val/NAME.JPEG with val.txt (NAME LABEL) or LOC_val_solution.csv",
  ],
};

const wordNetId = /^n\d{8}$/;

/**
 * Opens a split. Classes are WordNet ids, sorted: the usual labels 0 … 999. An id is the image's path below `train` or `val`.
 * Lists of labels have a line `NAME LABEL`, LABEL a WordNet id or its number from 0, or are Kaggle's CSV.
 * @throws DifftapError DATA_REFUSED for another layout; LABELS_MISMATCH; FILE_MISSING, READ_FAILED; as `listedIndices` does
 */
export async function openImageNet(spec: ImageNetSpec): Promise<ImageDataset> {
  const { path, split, list } = spec;
  await requireLayout(path, [split], layout);
  const folder = join(path, split);
  const entries = (await namesIn(folder)).filter((name) => !name.startsWith("."));
  const flat = split === "val" && entries.some((name) => /\.jpe?g$/i.test(name));
  const dataset = flat ? await openFlat(spec, entries) : await openFolders(path, split, entries);
  return list === undefined ? dataset : pickImages(dataset, await listedIndices(dataset, list));
}

export const imageNet = defineDataset<ImageNetSpec>({
  kind: "imagenet",
  usage: "imagenet:data/imagenet,split=train,list=1percent.txt",
  takesPath: true,
  options: ["split", "labels", "list"],
  schema: z.strictObject({
    path: z.string().min(1),
    split: z.enum(["train", "val"]),
    labels: z.string().min(1).optional(),
    list: z.string().min(1).optional(),
  }),
  open: openImageNet,
});

/** A validation split with other folders than training would number its classes otherwise. */
async function openFolders(path: string, split: string, entries: readonly string[]): Promise<ImageDataset> {
  const other = entries.find((name) => !wordNetId.test(name));
  if (other !== undefined || entries.length === 0) {
    throw otherLayout(path, `${split} holds ${shortList(entries)}`, layout);
  }
  const trained = await trainingClasses(path);
  const differing =
    trained.find((name) => !entries.includes(name)) ?? entries.find((name) => !trained.includes(name));
  if (trained.length > 0 && differing !== undefined) {
    throw new DifftapError("LABELS_MISMATCH", `${path}: ${differing} is in one of train and val only`, {
      hint: "both need a folder of each class, even an empty one",
    });
  }
  return openFolder({ path: join(path, split) });
}

async function trainingClasses(path: string): Promise<readonly string[]> {
  if (!existsSync(join(path, "train"))) return [];
  return (await namesIn(join(path, "train"))).filter((name) => wordNetId.test(name)).sort();
}

async function openFlat({ path, labels }: ImageNetSpec, entries: readonly string[]): Promise<ImageDataset> {
  const usual = ["val.txt", "LOC_val_solution.csv"].map((name) => join(path, name));
  const list = labels ?? usual.find((candidate) => existsSync(candidate));
  if (list === undefined)
    throw otherLayout(path, "val has no folders, and there is no list of labels", layout);
  const files = entries.filter((name) => /\.jpe?g$/i.test(name)).sort();
  const written = await readLabels(list);
  const trained = await trainingClasses(path);
  const found = files.map((file) => written.get(file.replace(/\.jpe?g$/i, "")) ?? null);
  if (found.every((label) => label === null)) throw unlisted(list, files);
  const resolved = resolveLabels(found, trained.length > 0 ? trained : null, list, (index) => files[index]!);
  return listedImages({
    kind: "imagenet",
    root: join(path, "val"),
    list,
    images: files.map((file, index) => ({ file, label: resolved.labels[index]! })),
    classes: resolved.classes,
  });
}

function unlisted(list: string, files: readonly string[]): DifftapError {
  return new DifftapError("LABELS_MISMATCH", `${list} has a label for none of the ${files.length} images`, {
    hint: `write a line NAME LABEL for each, such as ${files[0]}`,
    details: { list, images: files.length },
  });
}

/** Labels by image name without suffix. */
async function readLabels(path: string): Promise<ReadonlyMap<string, string>> {
  const lines = await readLines(path);
  const rows = lines[0]?.startsWith("ImageId,") ? lines.slice(1) : lines;
  return new Map(
    rows.map((row) => {
      const [, name, label] = /^([^\s,]+)[\s,]+(\S+)/.exec(row) ?? [];
      if (name !== undefined && label !== undefined) return [basename(name).replace(/\.jpe?g$/i, ""), label];
      throw new DifftapError("DATA_REFUSED", `${path}: ${JSON.stringify(row)} is not NAME LABEL`);
    }),
  );
}

function namesIn(folder: string): Promise<string[]> {
  return reading(folder, () => readdir(folder));
}
