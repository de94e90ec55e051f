/** NABirds: North American birds; of the hierarchy's classes the 555 that images have. */
import { z } from "zod";
import type { ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type BirdSpec, openBirds } from "../fine-grained/birds.js";

/** Opens the published split. @throws DifftapError DATA_REFUSED for another layout; FILE_MISSING, READ_FAILED */
export function openNabirds(spec: BirdSpec): Promise<ImageDataset> {
  return openBirds(spec, { kind: "nabirds", of: "NABirds", nameOf: (written) => written });
}

export const nabirds = defineDataset<BirdSpec>({
  kind: "nabirds",
  usage: "nabirds:data/nabirds,split=train",
  takesPath: true,
  options: ["split"],
  schema: z.strictObject({ path: z.string().min(1), split: z.enum(["train", "test"]) }),
  open: openNabirds,
});
