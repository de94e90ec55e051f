/** A fine-tuned backbone as files that every command reads: safetensors under the reference's names, the architecture beside them. */
import { join } from "node:path";
import type { Architecture } from "@difftap/backbone";
import { readWeights, type TfjsUnet } from "@difftap/backbone-tfjs";
import { writeSafetensors } from "@difftap/checkpoint";
import { writeFileAtomic } from "@difftap/core";

export interface ExportedBackbone {
  readonly folder: string;
  readonly unet: Pick<TfjsUnet, "variables">;
  readonly architecture: Architecture;
  /** Goes into the files: what a sampler has to know. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** `weights.safetensors` and `architecture.json`. @throws DifftapError WRITE_FAILED. */
export async function exportBackbone({
  folder,
  unet,
  architecture,
  metadata,
}: ExportedBackbone): Promise<void> {
  const weights = await readWeights(unet.variables);
  await writeSafetensors(join(folder, "weights.safetensors"), weights, metadata);
  await writeFileAtomic(join(folder, "architecture.json"), `${JSON.stringify(architecture, null, 2)}\n`);
}
