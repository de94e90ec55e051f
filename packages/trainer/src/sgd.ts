/**
 * Stochastic gradient descent as PyTorch computes it: g ← g + weightDecay·w, v ← momentum·v + g, w ← w − rate·v.
 * Source: torch.optim.SGD.
 */
import { tf } from "@difftap/engine";
import type { SgdSettings } from "./recipe.js";

export interface Optimizer {
  /** What has to be saved beside the parameters; empty without momentum. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** One step; the gradients have the variables' names and are not disposed. */
  update(gradients: ReadonlyMap<string, tf.Tensor>, learningRate: number): void;
  dispose(): void;
}

export function createSgd(variables: ReadonlyMap<string, tf.Variable>, settings: SgdSettings): Optimizer {
  const { momentum = 0, weightDecay = 0 } = settings;
  const state = new Map<string, tf.Variable>();
  if (momentum > 0) {
    for (const [name, { shape }] of variables) {
      state.set(
        `velocity.${name}`,
        tf.tidy(() => tf.variable(tf.zeros(shape), false)),
      );
    }
  }
  const updateOne = (name: string, variable: tf.Variable, gradient: tf.Tensor, rate: number) => {
    let change = weightDecay > 0 ? tf.add(gradient, tf.mul(variable, weightDecay)) : gradient;
    const velocity = state.get(`velocity.${name}`);
    if (velocity) {
      velocity.assign(tf.add(tf.mul(velocity, momentum), change));
      change = velocity;
    }
    variable.assign(tf.sub(variable, tf.mul(change, rate)));
  };
  return {
    state,
    update(gradients, learningRate) {
      tf.tidy(() => {
        for (const [name, variable] of variables)
          updateOne(name, variable, gradients.get(name)!, learningRate);
      });
    },
    dispose() {
      for (const variable of state.values()) variable.dispose();
    },
  };
}
