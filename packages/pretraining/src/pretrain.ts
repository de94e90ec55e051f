/**
 * Pretraining a diffusion backbone. On one engine, a training that is interrupted or killed and resumed ends in the same bits as an
 * uninterrupted one; computed in parts or by several processes it ends in the same numbers up to rounding.
 *
 * ```ts
 * import { selectEngine } from "@difftap/engine";
 * import { memoryImages, pretrain } from "@difftap/pretraining";
 * import { createSchedule } from "@difftap/scheduler";
 *
 * await selectEngine("auto");
 * const schedule = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });
 * const { weights } = await pretrain({ model, schedule, source: memoryImages(images, labels), recipe, folder: "runs/backbone" });
 * ```
 */
import { type Average, readVariables, type Tensors } from "@difftap/trainer";
import { pretrainToEnd } from "./loop.js";
import type { ResolvedPretrainingRecipe } from "./recipe.js";
import { closePretraining, openPretraining, type PretrainOptions } from "./run.js";

export interface PretrainedAverage {
  readonly decay: number;
  readonly weights: Tensors;
}

export interface PretrainingResult {
  /** Steps done, those before a resumption among them. */
  readonly steps: number;
  /** The step that this call began after; 0 unless resumed. */
  readonly resumedFrom: number;
  /** Path of the last checkpoint's JSON. */
  readonly checkpoint: string | undefined;
  /** The parameters themselves; the model holds them too. */
  readonly weights: Tensors;
  /** In the order of the recipe. */
  readonly averages: readonly PretrainedAverage[];
}

/**
 * Trains, or continues from the newest checkpoint of the folder.
 * @throws DifftapError CONFIG_INVALID (recipe), LABELS_MISMATCH, STORE_MISMATCH (the folder's checkpoint belongs to another training),
 * WEIGHTS_MISMATCH, CHECKPOINT_REFUSED, NUMERIC (NaN or divergence: step, learning rate and last good checkpoint named), READ_FAILED,
 * WRITE_FAILED, INTERRUPTED (after saving).
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainingResult> {
  const run = await openPretraining(options);
  const resumedFrom = run.step;
  try {
    await pretrainToEnd(run);
    run.collective.barrier();
    const { step: steps, checkpoint, model, averages, recipe } = run;
    const weights = await readVariables(model.variables);
    return { steps, resumedFrom, checkpoint, weights, averages: await read(averages, recipe) };
  } finally {
    await closePretraining(run);
  }
}

function read(
  averages: readonly Average[],
  { ema }: ResolvedPretrainingRecipe,
): Promise<PretrainedAverage[]> {
  const all = averages.map(async ({ state }, index) => ({
    decay: ema[index]!.decay,
    weights: await readVariables(state),
  }));
  return Promise.all(all);
}
