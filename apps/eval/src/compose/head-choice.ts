/** What a saved head is fed by: its backbone, and what has to be read out of it. */
import { join } from "node:path";
import type { HeadTap } from "@difftap/heads";
import type { Tensors } from "@difftap/trainer";
import type { TapChoice } from "./features.js";
import { EMBEDDED_MODEL } from "./model.js";
import { type SavedHeadChoice, tunedTensors } from "./saved-head.js";
import { otherSizesOf } from "./sizes.js";

/** Of a fine-tuned run what it trained, in weights that hold the rest: those it has written at its end, or the ones it began with. */
export async function backboneOf(
  settings: SavedHeadChoice & { readonly weights?: string | undefined },
): Promise<{ weights: string; tuned?: Tensors }> {
  const tuned = await tunedTensors(settings);
  if (Object.keys(tuned).length === 0) return { weights: settings.weights ?? EMBEDDED_MODEL };
  return { weights: settings.weights ?? join(settings.run, "weights.safetensors"), tuned };
}

/** What has to be read for a head: its blocks, timesteps and sizes, pooled to the largest map it knows. */
export function choiceOf(taps: readonly HeadTap[], seed: number): TapChoice {
  return {
    blocks: [...new Set(taps.map(({ block }) => block))],
    timesteps: [...new Set(taps.map(({ timestep }) => timestep))],
    pool: Math.max(...taps.map(({ height, width }) => Math.max(height, width))),
    draws: 1,
    seed,
    otherSizes: otherSizesOf(taps),
  };
}
