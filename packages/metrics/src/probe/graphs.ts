/** The probe's heavy arithmetic as float64 ONNX graphs. X is standardised, W is [classes, dimensions]. */
import { ndarray } from "@difftap/core";
import { createGraph, dataTypeNumber } from "@difftap/onnx-graph";

export interface ProblemSize {
  readonly rows: number;
  readonly dimensions: number;
  readonly classes: number;
}

/**
 * Sum over the rows of −log softmax(X·Wᵀ + b)[label], and its gradients.
 * In: features, targets (one-hot), weights, bias. Out: loss [], weightsGradient [K, d], biasGradient [K].
 */
export function lossGraph({ rows, dimensions, classes }: ProblemSize): Uint8Array {
  const graph = createGraph({ name: "softmax-cross-entropy" });
  const features = graph.input("features", "float64", [rows, dimensions]);
  const targets = graph.input("targets", "float64", [rows, classes]);
  const weights = graph.input("weights", "float64", [classes, dimensions]);
  const bias = graph.input("bias", "float64", [classes]);
  const logits = graph.node("Gemm", [features, weights, bias], { transB: 1 });
  const logProbabilities = graph.node("LogSoftmax", [logits], { axis: -1 });
  const likelihood = graph.node("ReduceSum", [graph.node("Mul", [logProbabilities, targets])], {
    keepdims: 0,
  });
  const residual = graph.node("Sub", [graph.node("Exp", [logProbabilities]), targets]);
  const rowAxis = graph.constant(ndarray("int64", [1], BigInt64Array.of(0n)));
  graph.output(graph.node("Neg", [likelihood]), "loss", "float64", []);
  graph.output(graph.node("Gemm", [residual, features], { transA: 1 }), "weightsGradient", "float64", [
    classes,
    dimensions,
  ]);
  graph.output(graph.node("ReduceSum", [residual, rowAxis], { keepdims: 0 }), "biasGradient", "float64", [
    classes,
  ]);
  return graph.encode();
}

/** XᵀX of the features: in features [rows, d], out gram [d, d]. */
export function gramGraph(dimensions: number): Uint8Array {
  const graph = createGraph({ name: "gram" });
  const features = graph.input("features", "float64", ["rows", dimensions]);
  const gram = graph.node("Gemm", [features, features], { transA: 1 });
  graph.output(gram, "gram", "float64", [dimensions, dimensions]);
  return graph.encode();
}

/** ((X − mean) / deviation)·Wᵀ + b: in features of the given type [rows, d], out logits [rows, K] in float64. */
export function logitsGraph(
  { dimensions, classes }: Omit<ProblemSize, "rows">,
  dtype: "float32" | "float64",
): Uint8Array {
  const graph = createGraph({ name: "probe-logits" });
  const raw = graph.input("features", dtype, ["rows", dimensions]);
  const mean = graph.input("mean", "float64", [dimensions]);
  const deviation = graph.input("deviation", "float64", [dimensions]);
  const weights = graph.input("weights", "float64", [classes, dimensions]);
  const bias = graph.input("bias", "float64", [classes]);
  const features = graph.node("Cast", [raw], { to: dataTypeNumber("float64") });
  const standardised = graph.node("Div", [graph.node("Sub", [features, mean]), deviation]);
  graph.output(graph.node("Gemm", [standardised, weights, bias], { transB: 1 }), "logits", "float64", [
    "rows",
    classes,
  ]);
  return graph.encode();
}
