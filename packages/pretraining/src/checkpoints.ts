/** Checkpoints of a pretraining: parameters, the optimiser's state, every average, and what the timestep sampler has seen. */
import type { NdArray } from "@difftap/core";
import { type CheckpointFiles, checkpointFiles, type NamedTensors, type Tensors } from "@difftap/trainer";
import { z } from "zod";
import { pretrainingRecipeSchema } from "./recipe.js";

const stateSchema = z.strictObject({
  /** Steps done. */
  step: z.int().min(0),
  /** Images of the training set. */
  samples: z.int().positive(),
  recipe: pretrainingRecipeSchema,
  /** What the network says of itself. */
  description: z.unknown(),
  /** Bytes of the logs that belong to the steps done. */
  written: z.strictObject({ metrics: z.int().min(0), events: z.int().min(0) }),
});

export type PretrainingState = z.output<typeof stateSchema>;

export const pretrainingFiles: CheckpointFiles<PretrainingState> = checkpointFiles(
  "difftap.pretraining/1",
  stateSchema,
);

/** `model`, `optimizer`, `sampler` and `ema0`, `ema1`, … in the order of the recipe. */
export type PretrainingTensors = Readonly<Record<string, Tensors>>;

/** `part.name` for each tensor of each part. */
export function joinTensors(parts: PretrainingTensors): NamedTensors {
  return Object.entries(parts).flatMap(([part, tensors]) =>
    Object.entries(tensors).map(([name, array]) => [`${part}.${name}`, array] as const),
  );
}

/** The same undone. */
export function splitTensors(tensors: NamedTensors): PretrainingTensors {
  const parts: Record<string, Record<string, NdArray>> = {};
  for (const [name, array] of tensors) {
    const dot = name.indexOf(".");
    const part = name.slice(0, dot);
    parts[part] ??= {};
    parts[part][name.slice(dot + 1)] = array;
  }
  return parts;
}

/** Part of the average at a place in the recipe. */
export const averagePart = (index: number) => `ema${index}`;

/**
 * The weights of a checkpoint, by the path of its JSON: the first average, or the weights themselves where nothing is averaged. What a
 * further training begins from.
 * @throws DifftapError FILE_MISSING, CHECKPOINT_REFUSED.
 */
export async function checkpointWeights(path: string): Promise<Tensors> {
  const { tensors } = await pretrainingFiles.read(path);
  const parts = splitTensors(tensors);
  return parts[averagePart(0)] ?? parts.model ?? {};
}
