/** Oxford-IIIT Pets: 37 breeds of cats and dogs. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { namesByLabel } from "../fine-grained/class-names.js";
import { readTable } from "../fine-grained/table.js";
import { type ListedImage, listedImages } from "../listed-images.js";

export interface PetsSpec {
  readonly path: string;
  readonly split: "trainval" | "test";
}

const layout: Layout = {
  of: "Oxford Pets",
  expected: ["images/BREED_NUMBER.jpg", "annotations/trainval.txt", "annotations/test.txt"],
};

/** Opens the published split. An id is the image's name. @throws DifftapError DATA_REFUSED for another layout; FILE_MISSING, READ_FAILED */
export async function openPets({ path, split }: PetsSpec): Promise<ImageDataset> {
  const lists = { trainval: "annotations/trainval.txt", test: "annotations/test.txt" };
  await requireLayout(path, ["images", ...Object.values(lists)], layout);
  const rows = {
    trainval: await readRows(join(path, lists.trainval)),
    test: await readRows(join(path, lists.test)),
  };
  const list = join(path, lists[split]);
  const classes = namesByLabel([...rows.trainval, ...rows.test], breedOf, list);
  return listedImages({ kind: "pets", root: path, list, images: rows[split], classes });
}

export const pets = defineDataset<PetsSpec>({
  kind: "pets",
  usage: "pets:data/oxford-iiit-pet,split=trainval",
  takesPath: true,
  options: ["split"],
  schema: z.strictObject({ path: z.string().min(1), split: z.enum(["trainval", "test"]) }),
  open: openPets,
});

/** Columns are the image, class 1 … 37, species and breed within the species. */
async function readRows(path: string): Promise<ListedImage[]> {
  return [...(await readTable(path))].map(([id, columns]) => {
    const number = Number(columns.split(/\s+/)[0]);
    if (Number.isInteger(number) && number > 0) return { id, file: `images/${id}.jpg`, label: number - 1 };
    throw new DifftapError("DATA_REFUSED", `${path}: ${id} is of class ${JSON.stringify(columns)}`);
  });
}

/** An image's name is its breed and a number: `Abyssinian_1`. */
function breedOf({ id = "" }: ListedImage): string {
  return id.replace(/_\d+$/, "").replaceAll("_", " ");
}
