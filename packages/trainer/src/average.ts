/**
 * Exponential moving average of parameters: a ← d·a + (1−d)·w after each step, from the initial parameters on. Buffers are not
 * averaged. With warm-up d is at most (1 + step) / (10 + step), as in TensorFlow's ExponentialMovingAverage.
 */
import { tf } from "@difftap/engine";
import { assign } from "./optimizer.js";
import type { ResolvedRecipe } from "./recipe.js";
import type { Trainable } from "./trainable.js";

export interface Average {
  /** By the parameters' names. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** Records the average after a step, counted from 1. Called inside a tidy. */
  update(step: number): void;
  /** Puts the average in the parameters' place for good. */
  adopt(): void;
  /** Puts the average in the parameters' place; the function given back puts them back. */
  swapIn(): () => void;
  dispose(): void;
}

export function createAverage(
  variables: Trainable["variables"],
  { decay, warmUp }: NonNullable<ResolvedRecipe["ema"]>,
): Average {
  const copies = [...variables].map(
    ([name, variable]) => [name, tf.tidy(() => tf.variable(variable.clone(), false))] as const,
  );
  const state = new Map(copies);
  const adopt = () => {
    for (const [name, variable] of variables) variable.assign(state.get(name)!);
  };
  return {
    state,
    update(step) {
      const now = warmUp ? Math.min(decay, (1 + step) / (10 + step)) : decay;
      const [kept, taken] = [tf.tensor1d([now]), tf.tensor1d([1 - now])];
      for (const [name, average] of state) {
        assign(average, tf.add(tf.mul(average, kept), tf.mul(variables.get(name)!, taken)));
      }
    },
    adopt,
    swapIn() {
      const own = [...variables.values()].map((variable) => [variable, tf.keep(variable.clone())] as const);
      adopt();
      return () => {
        for (const [variable, held] of own) variable.assign(held);
        tf.dispose(own.map(([, held]) => held));
      };
    },
    dispose: () => tf.dispose([...state.values()]),
  };
}
