/** Running sums and products along an axis. */
import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { castEdge } from "./elementwise.js";

interface Attributes {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

function runningSum(graph: Recorder, x: TensorInfo, { axis, exclusive, reverse }: Attributes): TensorInfo {
  const edge = castEdge(graph, graph.input(x), x.dtype === "float32" ? "float32" : "int32");
  const along = axis < 0 ? axis + x.shape.length : axis;
  const place = graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(along)) });
  const attributes = { exclusive: Number(exclusive), reverse: Number(reverse) };
  return graph.tensor(graph.node("CumSum", [edge, place], edge, { attributes }));
}

/** ONNX has no running product: each round multiplies with what lies twice as far back, so the rounds are log₂ of the length. */
function runningProduct(
  graph: Recorder,
  x: TensorInfo,
  { axis, exclusive, reverse }: Attributes,
): TensorInfo {
  const along = axis < 0 ? axis + x.shape.length : axis;
  const length = x.shape[along]!;
  let edge = castEdge(graph, graph.input(x), x.dtype === "float32" ? "float32" : "int32");
  if (exclusive) edge = shifted(graph, edge, along, 1, reverse);
  for (let distance = 1; distance < length; distance *= 2) {
    edge = graph.node("Mul", [edge, shifted(graph, edge, along, distance, reverse)], edge);
  }
  return graph.tensor(edge);
}

/** Moves everything along an axis; ones come in. */
function shifted(graph: Recorder, edge: Edge, axis: number, distance: number, reverse: boolean): Edge {
  const length = edge.shape[axis]!;
  const shape = [...edge.shape];
  shape[axis] = length - distance;
  const range = reverse ? [distance, length] : [0, length - distance];
  const box = [[range[0]!], [range[1]!], [axis]].map((list) => graph.integers(list));
  const kept = graph.node("Slice", [edge, ...box], { shape, dtype: edge.dtype });
  const pads = new Array<number>(2 * shape.length).fill(0);
  pads[reverse ? shape.length + axis : axis] = distance;
  return graph.node("Pad", [kept, graph.integers(pads), graph.number(1, edge.dtype)], edge);
}

export const scanKernels: readonly Kernel[] = [
  kernel<{ x: TensorInfo }, Attributes>("Cumsum", (graph, { x }, attributes) =>
    util.sizeFromShape(x.shape) === 0 ? graph.filled(0, x.shape, x.dtype) : runningSum(graph, x, attributes),
  ),
  kernel<{ x: TensorInfo }, Attributes>("Cumprod", (graph, { x }, attributes) =>
    runningProduct(graph, x, attributes),
  ),
];
