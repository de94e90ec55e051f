/** The largest values, places in sorted rows, and counts. */
import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { castEdge, edgeType } from "./elementwise.js";

/** Always sorted: of equal values the lower index comes first. */
function topK(graph: Recorder, x: TensorInfo, k: number): TensorInfo[] {
  const shape = [...x.shape.slice(0, -1), k];
  if (k === 0 || util.sizeFromShape(x.shape) === 0) {
    return [graph.filled(0, shape, x.dtype), graph.filled(0, shape, "int32")];
  }
  const edge = castEdge(graph, graph.input(x), x.dtype === "bool" ? "int32" : edgeType(x.dtype));
  const [values, indices] = graph.nodes(
    "TopK",
    [edge, graph.integers([k])],
    [
      { shape, dtype: edge.dtype },
      { shape, dtype: "int64" },
    ],
    { attributes: { axis: -1, largest: 1, sorted: 1 } },
  );
  return [
    graph.tensor(castEdge(graph, values!, edgeType(x.dtype))),
    graph.tensor(castEdge(graph, indices!, "int32")),
  ];
}

/** For each value the number of entries of its row that are smaller (left), or not larger (right). */
function placesInRows(
  graph: Recorder,
  rows: TensorInfo,
  values: TensorInfo,
  side: "left" | "right",
): TensorInfo {
  const [batch, length] = [rows.shape[0]!, rows.shape[1]!];
  const count = values.shape[1]!;
  if (length === 0) return graph.filled(0, values.shape, "int32");
  const numbers = (x: TensorInfo) => castEdge(graph, graph.input(x), "float32");
  const entries = graph.reshape(numbers(rows), [batch, 1, length]);
  const wanted = graph.reshape(numbers(values), [batch, count, 1]);
  const type = side === "left" ? "Less" : "LessOrEqual";
  const before = graph.node(type, [entries, wanted], { shape: [batch, count, length], dtype: "bool" });
  return graph.tensor(summed(graph, castEdge(graph, before, "int32"), 2));
}

/** Sums over one axis, which goes. */
function summed(graph: Recorder, edge: Edge, axis: number): Edge {
  const shape = edge.shape.filter((_, each) => each !== axis);
  const inputs = [edge, graph.integers([axis])];
  return graph.node("ReduceSum", inputs, { shape, dtype: edge.dtype }, { attributes: { keepdims: 0 } });
}

interface Counting {
  readonly x: TensorInfo;
  readonly weights: TensorInfo;
}

/** How often each of 0 … size−1 occurs in a row, or the sum of the weights where it does. */
function counts(graph: Recorder, { x, weights }: Counting, size: number, binary: boolean): TensorInfo {
  const weighted = util.sizeFromShape(weights.shape) > 0;
  const dtype = weighted ? edgeType(weights.dtype) : "float32";
  const outer = x.shape.slice(0, -1);
  const length = x.shape.at(-1)!;
  const classes = graph.constant({
    dtype: "int32",
    shape: [size],
    data: Int32Array.from({ length: size }, (_, i) => i),
  });
  const column = graph.reshape(castEdge(graph, graph.input(x), "int32"), [...x.shape, 1]);
  const equal = graph.node("Equal", [column, classes], { shape: [...outer, length, size], dtype: "bool" });
  const ones = castEdge(graph, equal, dtype);
  if (binary) {
    const axes = graph.integers([outer.length]);
    const any = graph.node(
      "ReduceMax",
      [ones, axes],
      { shape: [...outer, size], dtype },
      { attributes: { keepdims: 0 } },
    );
    return graph.tensor(any);
  }
  const each = weighted
    ? graph.node("Mul", [ones, graph.reshape(graph.input(weights), [...x.shape, 1])], ones)
    : ones;
  return graph.tensor(summed(graph, each, outer.length));
}

/** All of a tensor in one row. */
function flat({ x, weights }: Counting): Counting {
  const row = (tensor: TensorInfo) => ({ ...tensor, shape: [util.sizeFromShape(tensor.shape)] });
  return { x: row(x), weights: row(weights) };
}

interface Search {
  readonly sortedSequence: TensorInfo;
  readonly values: TensorInfo;
}

export const orderKernels: readonly Kernel[] = [
  kernel<{ x: TensorInfo }, { k: number }>("TopK", (graph, { x }, { k }) => topK(graph, x, k)),
  kernel<Search, { side: "left" | "right" }>("SearchSorted", (graph, { sortedSequence, values }, { side }) =>
    placesInRows(graph, sortedSequence, values, side),
  ),
  kernel<Search>("LowerBound", (graph, { sortedSequence, values }) =>
    placesInRows(graph, sortedSequence, values, "left"),
  ),
  kernel<Search>("UpperBound", (graph, { sortedSequence, values }) =>
    placesInRows(graph, sortedSequence, values, "right"),
  ),
  kernel<Counting, { size: number }>("Bincount", (graph, inputs, { size }) =>
    counts(graph, flat(inputs), size, false),
  ),
  kernel<Counting, { size: number; binaryOutput?: boolean }>(
    "DenseBincount",
    (graph, inputs, { size, binaryOutput }) => counts(graph, inputs, size, binaryOutput ?? false),
  ),
];
