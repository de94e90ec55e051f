/** The differentiable network that heads feed back into. It is frozen: only what gradients pass through is computed for them. */
import type { ImageSize } from "@difftap/backbone";
import { createTfjsUnet } from "@difftap/backbone-tfjs";
import { DifftapError } from "@difftap/core";
import { tf } from "@difftap/engine";
import { type Model, withRuntime } from "@difftap/eval";
import type { HeadNetwork } from "@difftap/heads";
import { alphaCoefficients } from "@difftap/scheduler";

export interface OpenNetwork extends HeadNetwork {
  dispose(): void;
}

/** The same weights on the running engine. */
export async function openNetwork({ architecture, source }: Model, size: ImageSize): Promise<OpenNetwork> {
  const unet = await createTfjsUnet({ architecture, weights: source });
  return {
    blocks: unet.blocks,
    size,
    resume({ timestep, ...state }, visit) {
      const { networkTimestep } = alphaCoefficients(architecture.diffusion, timestep);
      // One row: all images of a batch have the same timestep.
      unet.resume({ timesteps: tf.tensor1d([networkTimestep]), state }, { visit });
    },
    dispose: () => unet.dispose(),
  };
}

/**
 * The network that a store's features come from.
 * @throws DifftapError STORE_MISMATCH for other weights.
 */
export function openNetworkOf(
  store: { readonly path: string; readonly weights: string; readonly size: ImageSize },
  settings: Parameters<typeof withRuntime>[0],
): Promise<OpenNetwork> {
  return withRuntime(settings, async ({ weightsDigest: digest }, model) => {
    if (digest !== store.weights) {
      throw otherWeights(store.path, settings.weights, { store: store.weights, digest });
    }
    return openNetwork(model, store.size);
  });
}

function otherWeights(path: string, weights: string, details: Record<string, string>): DifftapError {
  return new DifftapError("STORE_MISMATCH", `${path} was not extracted with the weights ${weights}`, {
    hint: "a head that feeds back needs the network that the store came from: name it in --weights",
    details,
  });
}
