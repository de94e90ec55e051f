/** The U-Net that is pretrained, on the running engine. */
import { type Architecture, randomWeights } from "@difftap/backbone";
import { createTfjsUnet } from "@difftap/backbone-tfjs";
import { memoryWeights, openWeights, type WeightSource, weightsDigest } from "@difftap/checkpoint";
import { checkpointWeights, type Denoiser } from "@difftap/pretraining";
import type { BackboneSettings } from "./backbone-settings.js";

export interface PretrainedUnet extends Denoiser {
  readonly architecture: Architecture;
  dispose(): void;
}

/**
 * With weights from --init, else as the reference draws them: last layers of branches zero.
 * @param data what identifies the training images; part of the description.
 * @throws DifftapError FILE_MISSING, CHECKPOINT_REFUSED, WEIGHTS_MISMATCH listing every tensor that does not fit.
 */
export async function createUnet(
  architecture: Architecture,
  { init, seed, recompute }: BackboneSettings,
  data: Readonly<Record<string, unknown>>,
): Promise<PretrainedUnet> {
  const weights = init === undefined ? randomWeights(architecture, seed) : await openInitial(init);
  try {
    const unet = await createTfjsUnet({ architecture, weights, trainable: true, recompute });
    const begun = init === undefined ? `random, seed ${seed}` : await weightsDigest(init);
    return {
      architecture,
      variables: unet.variables,
      classes: architecture.classes,
      description: { architecture, init: begun, data },
      // Undefined only where a visitor stops the run.
      forward: (inputs, options) => unet.forward(inputs, options)!,
      dispose: () => unet.dispose(),
    };
  } finally {
    await weights.close();
  }
}

/** A file of weights, or a checkpoint of a pretraining by its JSON. */
async function openInitial(path: string): Promise<WeightSource> {
  return path.endsWith(".json") ? memoryWeights(await checkpointWeights(path)) : openWeights(path);
}
