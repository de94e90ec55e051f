/** A head and the network before it as one thing that is trained: images and noise in, logits out. */
import type { TfjsUnet } from "@difftap/backbone-tfjs";
import { weightsDigest } from "@difftap/checkpoint";
import type { tf } from "@difftap/engine";
import type { Model } from "@difftap/eval";
import { adaptiveAveragePool, type Head, type HeadTap } from "@difftap/heads";
import type { Trainable } from "@difftap/trainer";
import { diffusionTerm } from "./finetune-diffusion.js";
import type { FinetuneSettings } from "./finetune-settings.js";
import { createTunedNetwork, howTrained } from "./tuned-network.js";

export interface FinetuneModel extends Trainable {
  readonly head: Head;
  readonly unet: TfjsUnet;
  dispose(): void;
}

export interface FinetuneParts {
  readonly head: Head;
  readonly model: Model;
  readonly settings: FinetuneSettings;
  readonly seed: number;
  /** What identifies the training images; part of the description. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Takes the head over: it is disposed with the model. @throws DifftapError CONFIG_INVALID for more blocks than there are. */
export async function createFinetuneModel(parts: FinetuneParts): Promise<FinetuneModel> {
  const { head, model, settings, seed, data } = parts;
  const { taps } = head.description;
  const network = await createTunedNetwork({ model, taps, settings, seed });
  const { unet } = network;
  const { architecture, source } = model;
  return {
    head,
    unet,
    variables: new Map([...head.variables, ...network.variables]),
    buffers: head.buffers,
    description: {
      ...head.description,
      backbone: { begun: await weightsDigest(source.path), ...howTrained(settings), data },
    },
    rateShares: network.rateShares,
    ...(settings.diffusionWeight > 0 && {
      furtherTerm: diffusionTerm({ unet, settings, seed, architecture }),
    }),
    forward: (features, how) => head.forward(pooled(network.maps(features, how), taps), how),
    dispose() {
      head.dispose();
      network.dispose();
    },
  };
}

/** To the sizes that the head was built for. */
function pooled(maps: Record<string, tf.Tensor4D>, taps: readonly HeadTap[]): Record<string, tf.Tensor4D> {
  const small = taps.map(({ name, height, width }) => {
    return [name, adaptiveAveragePool(maps[name]!, [height, width])] as const;
  });
  return Object.fromEntries(small);
}
