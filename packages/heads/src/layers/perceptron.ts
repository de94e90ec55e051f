/** Linear layers with ReLU between them: `fcs.0`, `fcs.1`, … as in the reference's head. */
import * as tf from "@tensorflow/tfjs-core";
import { joinParameters } from "../parameters.js";
import { createLinear, type Linear } from "./linear.js";

export interface PerceptronSize {
  readonly inputs: number;
  readonly hidden: readonly number[];
  readonly outputs: number;
  readonly seed: number | bigint;
}

/** A single linear layer where `hidden` is empty. */
export function createPerceptron({ inputs, hidden, outputs, seed }: PerceptronSize): Linear {
  const widths = [inputs, ...hidden, outputs];
  const layers = widths
    .slice(1)
    .map((width, index) => createLinear(`fcs.${index}`, { inputs: widths[index]!, outputs: width, seed }));
  const last = layers.at(-1)!;
  return {
    ...joinParameters(...layers),
    forward(rows) {
      const before = layers.slice(0, -1).reduce((values, layer) => tf.relu(layer.forward(values)), rows);
      return last.forward(before);
    },
  };
}
