/** Stanford Dogs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { readMat } from "../files/mat.js";
import { namesByLabel } from "../fine-grained/class-names.js";
import { numbersIn, textsIn } from "../fine-grained/mat-fields.js";
import { type ListedImage, listedImages } from "../listed-images.js";

export interface DogsSpec {
  readonly path: string;
  readonly split: "train" | "test";
}

const layout: Layout = {
  of: "Stanford Dogs",
  expected: ["Images/CLASS/NAME.jpg", "train_list.mat and test_list.mat, or both in lists"],
};

/** Opens the published split. An id is the image's path below `Images`. @throws DifftapError DATA_REFUSED for another layout; FILE_MISSING, READ_FAILED */
export async function openDogs({ path, split }: DogsSpec): Promise<ImageDataset> {
  const name = `${split}_list.mat`;
  const list = existsSync(join(path, "lists", name)) ? `lists/${name}` : name;
  await requireLayout(path, ["Images", list], layout);
  const images = await readList(join(path, list));
  return listedImages({
    kind: "dogs",
    root: path,
    list: join(path, list),
    images,
    classes: namesByLabel(images, breedOf, list),
  });
}

export const dogs = defineDataset<DogsSpec>({
  kind: "dogs",
  usage: "dogs:data/stanford_dogs,split=train",
  takesPath: true,
  options: ["split"],
  schema: z.strictObject({ path: z.string().min(1), split: z.enum(["train", "test"]) }),
  open: openDogs,
});

async function readList(path: string): Promise<ListedImage[]> {
  const variables = await readMat(path);
  const files = textsIn(variables, "file_list", path);
  const labels = numbersIn(variables, "labels", path);
  if (labels.length === files.length)
    return files.map((file, i) => ({ id: file, file: `Images/${file}`, label: labels[i]! - 1 }));
  throw new DifftapError("LABELS_MISMATCH", `${path} has ${files.length} files and ${labels.length} labels`);
}

/** A class's folder is its WordNet id and its name: `n02085620-Chihuahua`. */
function breedOf({ file }: ListedImage): string {
  return file
    .split("/")[1]!
    .replace(/^n\d+-/, "")
    .replaceAll("_", " ");
}
