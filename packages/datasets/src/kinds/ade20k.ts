/** ADE20K as the scene parsing challenge published it (ADEChallengeData2016): 150 classes, 0 for everything else. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { SegmentationDataset } from "../annotations.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { readLines } from "../files/read-file.js";
import { openMaskFolders, stemOf } from "../mask-folders.js";

export interface Ade20kSpec {
  /** ADEChallengeData2016. */
  readonly path: string;
  readonly split: "training" | "validation";
}

const layout: Layout = {
  of: "ADE20K",
  expected: ["images/training/NAME.jpg", "annotations/training/NAME.png", "objectInfo150.txt"],
};

/**
 * Opens a split. Labels are 0 … 149, the numbers in the masks less 1; 0 in the masks is ignored, as the benchmark does.
 * @throws DifftapError DATA_REFUSED for another layout; as `openMaskFolders` does
 */
export async function openAde20k({ path, split }: Ade20kSpec): Promise<SegmentationDataset> {
  await requireLayout(path, [`images/${split}`, `annotations/${split}`, "objectInfo150.txt"], layout);
  const labelNames = await readNames(join(path, "objectInfo150.txt"));
  return openMaskFolders({
    kind: "ade20k",
    root: path,
    images: `images/${split}`,
    maskOf: (file) => `annotations/${split}/${stemOf(file)}.png`,
    labelNames,
    labelOf: (value) => (value === 0 ? "ignore" : value <= labelNames.length ? value - 1 : "unknown"),
    layout,
  });
}

export const ade20k = defineDataset<Ade20kSpec>({
  kind: "ade20k",
  usage: "ade20k:data/ADEChallengeData2016,split=training",
  takesPath: true,
  options: ["split"],
  schema: z.strictObject({ path: z.string().min(1), split: z.enum(["training", "validation"]) }),
  open: openAde20k,
  openSegmentation: openAde20k,
});

/** Columns Idx, Ratio, Train, Val, Stuff, Name; of the synonyms the first one. */
async function readNames(path: string): Promise<string[]> {
  const [, ...rows] = await readLines(path);
  return rows.map((row, place) => {
    const columns = row.split("\t");
    const name = columns.at(-1)?.split(",")[0]?.trim();
    if (Number(columns[0]) === place + 1 && columns.length > 1 && name) return name;
    throw new DifftapError(
      "DATA_REFUSED",
      `${path}, line ${place + 2}: ${JSON.stringify(row)} is not class ${place + 1}`,
      {
        hint: "columns are Idx, Ratio, Train, Val, Stuff and Name, with tabs between",
        details: { path, line: place + 2 },
      },
    );
  });
}
