/** A backbone that is trained along with an adapter. */
import { weightsDigest } from "@difftap/checkpoint";
import { noiseOf } from "@difftap/eval";
import type { HeadTap } from "@difftap/heads";
import { IMAGE, noiseName, scaled } from "../finetune-images.js";
import { createTunedNetwork, howTrained, type TunedNetworkOptions } from "../tuned-network.js";
import type { DenseBackbone } from "./backbone.js";

/** @throws DifftapError CONFIG_INVALID for more blocks than there are. */
export async function tunedBackbone(options: TunedNetworkOptions): Promise<DenseBackbone> {
  const { model, taps, settings } = options;
  const network = await createTunedNetwork(options);
  const timesteps = noisyTimesteps(taps);
  const begun = await weightsDigest(model.source.path);
  return {
    taps,
    unet: network.unet,
    variables: network.variables,
    buffers: new Map(),
    rateShares: network.rateShares,
    description: { kind: "tuned", begun, ...howTrained(settings) },
    async read({ images, ids }, seed) {
      const noises = timesteps.map((timestep) => {
        return [noiseName(timestep), noiseOf(images.shape, ids, { timestep, seed })] as const;
      });
      return { [IMAGE]: scaled(images), ...Object.fromEntries(noises) };
    },
    maps: (features, how) => network.maps(features, how),
    close: async () => network.dispose(),
  };
}

function noisyTimesteps(taps: readonly HeadTap[]): number[] {
  const noisy = taps.flatMap(({ timestep }) => (timestep === "clean" ? [] : [timestep]));
  return [...new Set(noisy)];
}
