/** Food-101. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { readLines } from "../files/read-file.js";
import { listedImages } from "../listed-images.js";

export interface Food101Spec {
  /** food-101. */
  readonly path: string;
  readonly split: "train" | "test";
}

const layout: Layout = {
  of: "Food-101",
  expected: ["images/CLASS/NUMBER.jpg", "meta/classes.txt", "meta/train.txt", "meta/test.txt"],
};

/** Opens the published split. An id is `CLASS/NUMBER`. @throws DifftapError DATA_REFUSED for another layout; LABELS_MISMATCH; FILE_MISSING, READ_FAILED */
export async function openFood101({ path, split }: Food101Spec): Promise<ImageDataset> {
  await requireLayout(path, ["images", "meta/classes.txt", `meta/${split}.txt`], layout);
  const classes = await readLines(join(path, "meta/classes.txt"));
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const list = join(path, `meta/${split}.txt`);
  const images = (await readLines(list)).map((id) => {
    const label = labelOf.get(id.split("/")[0]!);
    if (label !== undefined) return { id, file: `images/${id}.jpg`, label };
    throw new DifftapError("LABELS_MISMATCH", `${list}: ${id} is of no class of meta/classes.txt`);
  });
  return listedImages({ kind: "food101", root: path, list, images, classes });
}

export const food101 = defineDataset<Food101Spec>({
  kind: "food101",
  usage: "food101:data/food-101,split=train",
  takesPath: true,
  options: ["split"],
  schema: z.strictObject({ path: z.string().min(1), split: z.enum(["train", "test"]) }),
  open: openFood101,
});
