/** A backbone that was trained along, as files that every command reads. */
import type { Model } from "@difftap/eval";
import { exportBackbone } from "../finetune-export.js";
import type { DenseBackbone } from "./backbone.js";

/** Writes nothing for a backbone that stayed as it was. @throws DifftapError WRITE_FAILED. */
export async function exportTuned(backbone: DenseBackbone, model: Model, folder: string): Promise<void> {
  if (backbone.unet === undefined) return;
  await exportBackbone({ folder, unet: backbone.unet, architecture: model.architecture, metadata: {} });
}
