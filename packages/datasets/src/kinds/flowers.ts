/** Oxford Flowers-102. The published files number the classes and do not name them. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { readMat } from "../files/mat.js";
import { numbersIn } from "../fine-grained/mat-fields.js";
import { listedImages } from "../listed-images.js";

export interface FlowersSpec {
  readonly path: string;
  readonly split: "train" | "val" | "test";
}

const layout: Layout = {
  of: "Flowers-102",
  expected: ["jpg/image_NUMBER.jpg", "imagelabels.mat", "setid.mat"],
};

/** Labels are held in 32 bits. */
const MOST_CLASSES = 2 ** 31;

/** The splits' names in `setid.mat`. */
const sets = { train: "trnid", val: "valid", test: "tstid" } as const;

/** Opens a published split. An id is the image's name. @throws DifftapError DATA_REFUSED for another layout; LABELS_MISMATCH; FILE_MISSING, READ_FAILED */
export async function openFlowers({ path, split }: FlowersSpec): Promise<ImageDataset> {
  await requireLayout(path, ["jpg", "imagelabels.mat", "setid.mat"], layout);
  const [labelFile, list] = [join(path, "imagelabels.mat"), join(path, "setid.mat")];
  const labels = numbersIn(await readMat(labelFile), "labels", labelFile);
  const chosen = numbersIn(await readMat(list), sets[split], list);
  const images = Array.from(chosen, (number) => {
    const label = labels[number - 1];
    if (label === undefined || !Number.isInteger(label) || label < 1 || label > MOST_CLASSES)
      throw new DifftapError(
        "LABELS_MISMATCH",
        `${list}: image ${number} has no label among the ${labels.length}`,
      );
    const name = `image_${String(number).padStart(5, "0")}.jpg`;
    return { id: name, file: `jpg/${name}`, label: label - 1 };
  });
  return listedImages({ kind: "flowers", root: path, list, images, classes: null });
}

export const flowers = defineDataset<FlowersSpec>({
  kind: "flowers",
  usage: "flowers:data/flowers102,split=train",
  takesPath: true,
  options: ["split"],
  schema: z.strictObject({ path: z.string().min(1), split: z.enum(["train", "val", "test"]) }),
  open: openFlowers,
});
