/** Stanford Cars. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { readMat } from "../files/mat.js";
import { numbersIn, structsIn, textIn, textsIn } from "../fine-grained/mat-fields.js";
import { listedImages } from "../listed-images.js";

export interface CarsSpec {
  readonly path: string;
  readonly split: "train" | "test";
}

const layout: Layout = {
  of: "Stanford Cars",
  expected: [
    "cars_train/NUMBER.jpg",
    "cars_test/NUMBER.jpg",
    "devkit/cars_meta.mat",
    "devkit/cars_train_annos.mat",
    "cars_test_annos_withlabels.mat",
  ],
};

/** Where the annotations of a split are; those of the test images were published later, beside the devkit. */
const lists = { train: "devkit/cars_train_annos.mat", test: "cars_test_annos_withlabels.mat" } as const;

/** Opens the published split. @throws DifftapError DATA_REFUSED for another layout; LABELS_MISMATCH; FILE_MISSING, READ_FAILED */
export async function openCars({ path, split }: CarsSpec): Promise<ImageDataset> {
  const [meta, list] = ["devkit/cars_meta.mat", lists[split]].map((file) => join(path, file)) as [
    string,
    string,
  ];
  await requireLayout(path, [`cars_${split}`, "devkit/cars_meta.mat", lists[split]], layout);
  const classes = textsIn(await readMat(meta), "class_names", meta);
  const annotations = structsIn(await readMat(list), "annotations", list);
  const images = annotations.map((annotation) => {
    const [file, number = 0] = [textIn(annotation, "fname", list), numbersIn(annotation, "class", list)[0]];
    if (classes[number - 1] !== undefined) return { file: `cars_${split}/${file}`, label: number - 1 };
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${list}: ${file} is of class ${number}, there are 1 to ${classes.length}`,
    );
  });
  return listedImages({ kind: "cars", root: path, list, images, classes });
}

export const cars = defineDataset<CarsSpec>({
  kind: "cars",
  usage: "cars:data/stanford_cars,split=train",
  takesPath: true,
  options: ["split"],
  schema: z.strictObject({ path: z.string().min(1), split: z.enum(["train", "test"]) }),
  open: openCars,
});
