/** What a fused kernel applies to its result. */
import type { Edge } from "../graph/edge.js";
import type { Elements } from "./elementwise.js";

export interface ActivationOptions {
  /** Slopes below zero, for prelu. */
  readonly prelu?: Edge;
  readonly leakyreluAlpha?: number;
}

/** tfjs-core's default for leakyrelu. */
const LEAKY_ALPHA = 0.2;

/** @throws Error for an activation that tfjs-core does not name. */
export function applyActivation(
  { op, number }: Elements,
  x: Edge,
  activation: string | undefined,
  { prelu, leakyreluAlpha = LEAKY_ALPHA }: ActivationOptions,
): Edge {
  switch (activation ?? "linear") {
    case "linear":
      return x;
    case "relu":
      return op("Relu", [x]);
    case "relu6":
      return op("Min", [op("Max", [x, number(0)]), number(6)]);
    case "elu":
      return op("Elu", [x]);
    case "sigmoid":
      return op("Sigmoid", [x]);
    case "leakyrelu":
      return op("LeakyRelu", [x], { attributes: { alpha: { float: leakyreluAlpha } } });
    case "prelu":
      return op("Where", [op("Less", [x, number(0)], { dtype: "bool" }), op("Mul", [x, prelu!]), x], {
        dtype: "float32",
      });
    default:
      throw new Error(`activation ${activation} is not implemented for the onnxruntime backend`);
  }
}
