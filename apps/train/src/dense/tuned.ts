/** A backbone that is trained along with an adapter. */
import { weightsDigest } from "@difftap/checkpoint";
import { scaled } from "@difftap/eval";
import { IMAGE, noisesOf } from "../finetune-images.js";
import { createTunedNetwork, howTrained, type TunedNetworkOptions } from "../tuned-network.js";
import type { DenseBackbone } from "./backbone.js";

/** @throws DifftapError CONFIG_INVALID for more blocks than there are. */
export async function tunedBackbone(options: TunedNetworkOptions): Promise<DenseBackbone> {
  const { model, taps, settings } = options;
  const network = await createTunedNetwork(options);
  const timesteps = taps.map(({ timestep }) => timestep);
  const begun = await weightsDigest(model.source.path);
  return {
    taps,
    unet: network.unet,
    variables: network.variables,
    buffers: new Map(),
    rateShares: network.rateShares,
    description: { kind: "tuned", begun, ...howTrained(settings) },
    read: async (shown, seed) => ({ [IMAGE]: scaled(shown.images), ...noisesOf(shown, timesteps, seed) }),
    maps: (features, how) => network.maps(features, how),
    close: async () => network.dispose(),
  };
}
