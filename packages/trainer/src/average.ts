/**
 * Exponential moving average of parameters: a ← d·a + (1−d)·w after each step, from the initial parameters on. Buffers are not
 * averaged. With warm-up d is at most (1 + step) / (10 + step), as in TensorFlow's ExponentialMovingAverage.
 */
import { tf } from "@difftap/engine";
import { assign, assignParts, joined, packParameters, piecesOf } from "./packs.js";
import type { ResolvedRecipe } from "./recipe.js";
import type { Trainable } from "./trainable.js";
import type { Piece } from "./variables.js";

export interface Average {
  /** By the parameters' names, in their order. */
  readonly state: ReadonlyMap<string, Piece>;
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
  const averages = new Map(
    packParameters(variables).map((pack) => [
      pack,
      tf.tidy(() => tf.variable(tf.clone(joined(pack)), false)),
    ]),
  );
  const pieces = new Map([...averages].flatMap(([pack, average]) => piecesOf(pack, average)));
  const adopt = () => {
    tf.tidy(() => {
      for (const [pack, average] of averages) assignParts(pack, average);
    });
  };
  return {
    state: new Map([...variables.keys()].map((name) => [name, pieces.get(name)!])),
    update(step) {
      const now = warmUp ? Math.min(decay, (1 + step) / (10 + step)) : decay;
      const [kept, taken] = [tf.tensor1d([now]), tf.tensor1d([1 - now])];
      for (const [pack, average] of averages) {
        assign(average, tf.add(tf.mul(average, kept), tf.mul(joined(pack), taken)));
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
    dispose: () => tf.dispose([...averages.values()]),
  };
}
