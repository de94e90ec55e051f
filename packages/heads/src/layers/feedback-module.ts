/** What turns a decoder block's map into what is added to its mirror's: layers by letters. Method: "DifFeed". */
import { type FeedbackLetter, feedbackLetters } from "@difftap/backbone";
import * as tf from "@tensorflow/tfjs-core";
import type { ForwardOptions } from "../definition.js";
import { joinParameters, type Parameters } from "../parameters.js";
import { createBatchNorm } from "./batch-norm.js";
import { createConvolution } from "./convolution.js";
import { createDepthwise } from "./depthwise.js";
import { createGroupNorm } from "./group-norm.js";

/** Of the letter G, as in the network's own norms. */
const GROUPS = 32;

export interface FeedbackSize {
  /** Letters, as `feedbackLetters` of @difftap/backbone reads them. */
  readonly module: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly seed: number | bigint;
}

export interface FeedbackModule extends Parameters {
  /** Maps [N, inputs, H, W] → [N, outputs, H, W]. @throws as batch norm does. */
  forward(maps: tf.Tensor4D, options: ForwardOptions): tf.Tensor4D;
}

/** A layer of a module, on maps with channels last. */
interface Step extends Parameters {
  forward(maps: tf.Tensor4D, options: ForwardOptions): tf.Tensor4D;
}

/**
 * `NAME.PLACE` are the layers, by the place of their letter.
 * @throws DifftapError CONFIG_INVALID for letters that cannot be read.
 */
export function createFeedbackModule(name: string, { module, ...size }: FeedbackSize): FeedbackModule {
  const steps = feedbackLetters(module).map((letter, place) =>
    createStep(`${name}.${place}`, letter, place, size),
  );
  return {
    ...joinParameters(...steps),
    forward(maps, options) {
      const first = tf.transpose(maps, [0, 2, 3, 1]);
      const last = steps.reduce((values, step) => step.forward(values, options), first);
      return tf.transpose(last, [0, 3, 1, 2]);
    },
  };
}

function createStep(
  name: string,
  letter: FeedbackLetter,
  place: number,
  { inputs, outputs, seed }: Omit<FeedbackSize, "module">,
): Step {
  switch (letter) {
    case "C":
      return place === 0
        ? createConvolution(name, { inputs, outputs, kernel: 1, stride: 1, bias: false, seed })
        : createDepthwise(name, { channels: outputs, seed });
    case "B":
      return createBatchNorm(name, { channels: outputs, channelAxis: 3 });
    case "G":
      return createGroupNorm(name, { channels: outputs, groups: GROUPS });
    case "R":
      return { variables: new Map(), forward: (maps) => tf.relu(maps) };
    case "S":
      return { variables: new Map(), forward: (maps) => tf.mul(maps, tf.sigmoid(maps)) };
  }
}
