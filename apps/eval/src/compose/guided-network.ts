/** The network as a head sees it that feeds back, when it guides: the second pass is under the conditions of the sampling step. */
import type { ImageSize, UnetConditions } from "@difftap/backbone";
import type { TfjsUnet } from "@difftap/backbone-tfjs";
import { DifftapError } from "@difftap/core";
import type { tf } from "@difftap/engine";
import type { HeadNetwork } from "@difftap/heads";

type Conditions = UnetConditions<tf.Tensor>;

export interface GuidedNetwork extends HeadNetwork {
  /** Runs `work`; what it resumes is under these conditions, whatever timestep it names. */
  under<T>(conditions: Conditions, work: () => T): T;
}

export function guidedNetwork(unet: TfjsUnet, size: ImageSize): GuidedNetwork {
  let current: Conditions | undefined;
  return {
    blocks: unet.blocks,
    size,
    resume({ timestep: _, ...state }, visit) {
      if (!current) throw new DifftapError("USAGE_INVALID", "a second pass outside of a sampling step");
      unet.resume({ ...current, state }, { visit });
    },
    under(conditions, work) {
      current = conditions;
      try {
        return work();
      } finally {
        current = undefined;
      }
    },
  };
}
