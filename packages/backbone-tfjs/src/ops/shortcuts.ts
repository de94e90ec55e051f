/** What the U-Net's forward leaves to TensorFlow.js: one pass for norm and scale, and how blocks are run. */
import type { BlockInfo, Shortcuts } from "@difftap/backbone";
import * as tf from "@tensorflow/tfjs-core";
import { recomputed } from "../recompute.js";
import { groupNormalise } from "./group-norm.js";
import { overPlaces, perChannel } from "./layout.js";

/** (norm·w + b)·(1 + scale) + shift is norm·(w·(1 + scale)) + (b·(1 + scale) + shift): small products instead of large ones. */
export const groupNormScaleShift: Shortcuts<tf.Tensor>["groupNormScaleShift"] = (
  x,
  weight,
  bias,
  scale,
  shift,
  options,
) => {
  const raised = tf.add(overPlaces(scale), 1);
  const offset = tf.add(tf.mul(raised, perChannel(bias)), overPlaces(shift));
  return groupNormalise(x, tf.mul(raised, perChannel(weight)), offset, options);
};

export interface BlockRunning {
  /** Told before a block runs, or runs again. */
  readonly onRun: (block: BlockInfo) => void;
  /** Trained parameters of a block by its number. */
  readonly trainedIn: (block: number) => readonly tf.Tensor[];
  /** A trained parameter lies behind the embedding. */
  readonly embeddingLearns: boolean;
  readonly recompute: boolean;
}

export function tfjsShortcuts({
  onRun,
  trainedIn,
  embeddingLearns,
  recompute,
}: BlockRunning): Shortcuts<tf.Tensor> {
  return {
    groupNormScaleShift,
    runBlock(block, inputs, run) {
      const announced = (given: readonly tf.Tensor[]): tf.Tensor => {
        onRun(block);
        return run(given);
      };
      if (!recompute) return announced(inputs);
      const maps = block.kind === "output" ? 2 : 1;
      const passedOn = embeddingLearns ? inputs : inputs.slice(0, maps);
      const others = inputs.slice(passedOn.length);
      return recomputed({
        inputs: passedOn,
        parameters: trainedIn(block.number),
        run: (given) => announced([...given, ...others]),
      });
    },
  };
}
