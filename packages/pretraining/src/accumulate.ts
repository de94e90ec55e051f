/** One part's share of a step's gradient, recorded on the engine. */
import { tf } from "@difftap/engine";
import type { Schedule } from "@difftap/scheduler";
import { differentiate } from "@difftap/trainer";
import type { Denoiser } from "./denoiser.js";
import { noised, pretrainingLosses } from "./loss.js";
import type { EnginePart } from "./part.js";
import type { ResolvedPretrainingRecipe } from "./recipe.js";

export type Gradients = ReadonlyMap<string, tf.Tensor>;

export interface PartInputs {
  readonly model: Denoiser;
  readonly schedule: Schedule;
  readonly recipe: ResolvedPretrainingRecipe;
  readonly part: EnginePart;
  /** Another one for each forward. */
  readonly forward: number;
}

export interface PartGradients {
  readonly gradients: Gradients;
  /** [3, n]: loss, squared error and variational term of each sample; those that the loss has not are 0. */
  readonly losses: tf.Tensor2D;
}

/**
 * Loss and gradients of a part, as its share of a step of `recipe.batch` images. Called inside a tidy.
 * @throws DifftapError CONFIG_INVALID as `pretrainingLosses`.
 */
export function gradientsOfPart({ model, schedule, recipe, part, forward }: PartInputs): PartGradients {
  let losses: tf.Tensor2D | undefined;
  const { gradients } = differentiate(model.variables, () => {
    const { xStart, noise, coefficients, timesteps, labels, weights } = part;
    const x = noised({ xStart, noise, coefficients });
    const inputs = { x, timesteps, ...(labels && { labels }) };
    const dropoutAddress = { seed: recipe.seed, index: forward };
    const output = model.forward(inputs, { training: true, dropoutAddress });
    const found = pretrainingLosses(schedule, recipe, { xStart, noise, output, coefficients });
    const none = tf.zerosLike(found.loss);
    losses = tf.keep(tf.stack([found.loss, found.mse ?? none, found.vb ?? none]) as tf.Tensor2D);
    return tf.div(tf.sum(tf.mul(found.loss, weights)), recipe.batch) as tf.Scalar;
  });
  return { gradients, losses: losses! };
}

/** Sums of gradients by name; the first part has nothing to be added to. */
export function added(gradients: Gradients, before: Gradients | undefined): Gradients {
  if (before === undefined) return gradients;
  return new Map([...gradients].map(([name, gradient]) => [name, tf.add(gradient, before.get(name)!)]));
}
