/** CUB-200-2011 (Caltech-UCSD Birds). */
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type BirdSpec, openBirds } from "../fine-grained/birds.js";

/** Opens the published split. `path` is CUB_200_2011. @throws DifftapError DATA_REFUSED for another layout; FILE_MISSING, READ_FAILED */
export function openCub(spec: BirdSpec): Promise<ImageDataset> {
  return openBirds(spec, {
    kind: "cub",
    of: "CUB-200-2011",
    nameOf: (written) => written.replace(/^\d+\./, "").replaceAll("_", " "),
  });
}

export const cub = defineDataset<BirdSpec>({
  kind: "cub",
  usage: "cub:data/CUB_200_2011,split=train",
  takesPath: true,
  options: ["split"],
  schema: z.strictObject({ path: z.string().min(1), split: z.enum(["train", "test"]) }),
  open: openCub,
});
