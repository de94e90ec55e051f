/** FGVC-Aircraft: variants, families or manufacturers. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { readLines } from "../files/read-file.js";
import { readTable } from "../fine-grained/table.js";
import { listedImages } from "../listed-images.js";

export interface AircraftSpec {
  /** fgvc-aircraft-2013b. */
  readonly path: string;
  readonly split: "train" | "val" | "trainval" | "test";
  /** "variant", of which there are 100, unless given. */
  readonly labels?: "variant" | "family" | "manufacturer" | undefined;
}

const layout: Layout = {
  of: "FGVC-Aircraft",
  expected: ["data/images/NUMBER.jpg", "data/variants.txt", "data/images_variant_SPLIT.txt"],
};

/** Lists of classes. */
const lists = { variant: "variants", family: "families", manufacturer: "manufacturers" } as const;

/**
 * Opens a published split. An id is the image's number. The strip with the photographer's name at the foot stays.
 * @throws DifftapError DATA_REFUSED for another layout; LABELS_MISMATCH for a class that is not in the list of classes
 */
export async function openAircraft({ path, split, labels = "variant" }: AircraftSpec): Promise<ImageDataset> {
  const [list, names] = [`data/images_${labels}_${split}.txt`, `data/${lists[labels]}.txt`];
  await requireLayout(path, ["data/images", list, names], layout);
  const classes = await readLines(join(path, names));
  const images = [...(await readTable(join(path, list)))].map(([id, name]) => {
    const label = classes.indexOf(name);
    if (label >= 0) return { id, file: `data/images/${id}.jpg`, label };
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${join(path, list)}: ${id} is of class ${JSON.stringify(name)}, which ${names} does not have`,
    );
  });
  return listedImages({ kind: "aircraft", root: path, list: join(path, list), images, classes });
}

export const aircraft = defineDataset<AircraftSpec>({
  kind: "aircraft",
  usage: "aircraft:data/fgvc-aircraft-2013b,split=trainval",
  takesPath: true,
  options: ["split", "labels"],
  schema: z.strictObject({
    path: z.string().min(1),
    split: z.enum(["train", "val", "trainval", "test"]),
    labels: z.enum(["variant", "family", "manufacturer"]).optional(),
  }),
  open: openAircraft,
});
