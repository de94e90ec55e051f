/** Softmax and its logarithm over the last axis. */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Kernel, kernel } from "../kernel.js";
import { castEdge } from "./elementwise.js";

const overAxis = (name: string, type: string): Kernel =>
  kernel<{ logits: TensorInfo }, { dim?: number; axis?: number }>(
    name,
    (graph, { logits }, { dim, axis = dim ?? -1 }) => {
      const edge = castEdge(graph, graph.input(logits), "float32");
      return graph.tensor(
        graph.node(type, [edge], { shape: edge.shape, dtype: "float32" }, { attributes: { axis } }),
      );
    },
  );

export const softmaxKernels: readonly Kernel[] = [
  overAxis("Softmax", "Softmax"),
  overAxis("LogSoftmax", "LogSoftmax"),
];
