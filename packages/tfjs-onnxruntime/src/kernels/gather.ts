/** Reading and writing at indices. An index out of range is an error of ONNX Runtime when the graph runs. */
import { backend_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import type { Value } from "../graph/value.js";
import { type Kernel, kernel } from "../kernel.js";
import { castEdge, edgeType } from "./elementwise.js";

interface Gather {
  readonly x: TensorInfo;
  readonly indices: TensorInfo;
}

function gather(graph: Recorder, { x, indices }: Gather, axis: number, batchDims: number): TensorInfo {
  const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(batchDims), ...x.shape.slice(axis + 1)];
  if (util.sizeFromShape(shape) === 0) return graph.filled(0, shape, x.dtype);
  const dtype = edgeType(x.dtype);
  const index = castEdge(graph, graph.input(indices), "int32");
  if (batchDims === 0)
    return graph.tensor(
      graph.node("Gather", [graph.input(x), index], { shape, dtype }, { attributes: { axis } }),
    );
  return graph.tensor(gatherInBatches(graph, x, index, { axis, batchDims, shape }));
}

/** Indices that are still here can be told wrong at once; of others ONNX Runtime says so when the graph runs. */
function checkIndices({ dataId }: TensorInfo, length: number): void {
  const { state } = dataId as Value;
  if (state.kind !== "host") return;
  const wrong = state.data.find((index) => index < 0 || index >= length);
  util.assert(wrong === undefined, () => `GatherV2: the index value ${wrong} is not in [0, ${length - 1}]`);
}

interface InBatches {
  readonly axis: number;
  readonly batchDims: number;
  readonly shape: readonly number[];
}

/** ONNX gathers right behind the batch: the axis goes there, and what was between comes back to its place. */
function gatherInBatches(
  graph: Recorder,
  x: TensorInfo,
  index: Edge,
  { axis, batchDims, shape }: InBatches,
): Edge {
  const rank = x.shape.length;
  const order = [...range(0, batchDims), axis, ...range(batchDims, axis), ...range(axis + 1, rank)];
  const data = graph.reordered(x, order);
  const column = castEdge(graph, graph.reshape(index, [...index.shape, 1]), "int64");
  const found = [...index.shape, ...data.shape.slice(batchDims + 1)];
  const attributes = { batch_dims: batchDims };
  const gathered = graph.node(
    "GatherND",
    [data, column],
    { shape: found, dtype: data.dtype },
    { attributes },
  );
  const own = index.shape.length - batchDims;
  const between = axis - batchDims;
  const back = [
    ...range(0, batchDims),
    ...range(batchDims + own, batchDims + own + between),
    ...range(batchDims, batchDims + own),
    ...range(batchDims + own + between, found.length),
  ];
  return graph.reshape(graph.transpose(gathered, back), shape);
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}

interface Scatter {
  readonly target: Edge;
  readonly indices: Edge;
  readonly updates: Edge;
}

function scatter(graph: Recorder, { target, indices, updates }: Scatter, reduction: "add" | "none"): Edge {
  const edges = [target, castEdge(graph, indices, "int64"), updates];
  return graph.node("ScatterND", edges, target, { attributes: { reduction } });
}

/** ONNX Runtime scatters no booleans. */
function throughNumbers(graph: Recorder, edge: Edge): Edge {
  return castEdge(graph, edge, edge.dtype === "bool" ? "int32" : edge.dtype);
}

/**
 * Sums rows that belong to the same segment. A row of a negative segment, or of one too many, is left out: it goes into a row that is
 * cut off.
 */
function segmentSum(graph: Recorder, x: TensorInfo, segmentIds: TensorInfo, numSegments: number): TensorInfo {
  const rank = segmentIds.shape.length;
  const inner = x.shape.slice(rank);
  const ids = castEdge(graph, graph.input(segmentIds), "int32");
  const below = graph.node("Less", [ids, graph.number(0, "int32")], { shape: ids.shape, dtype: "bool" });
  const last = graph.number(numSegments, "int32");
  const bounded = graph.node("Min", [graph.node("Where", [below, last, ids], ids), last], ids);
  const updates = throughNumbers(graph, graph.input(x));
  const target = graph.expand(graph.number(0, updates.dtype), [numSegments + 1, ...inner]);
  const indices = graph.reshape(bounded, [...segmentIds.shape, 1]);
  const sums = scatter(graph, { target, indices, updates }, "add");
  const shape = [numSegments, ...inner];
  const cut = [[0], [numSegments], [0]].map((list) => graph.integers(list));
  return graph.tensor(graph.node("Slice", [sums, ...cut], { shape, dtype: sums.dtype }));
}

export const gatherKernels: readonly Kernel[] = [
  kernel<Gather, { axis: number; batchDims: number }>(
    "GatherV2",
    (graph, { x, indices }, { axis, batchDims }) => {
      const [along] = util.parseAxisParam(axis, x.shape);
      backend_util.segment_util.collectGatherOpShapeInfo(x as never, indices as never, along!, batchDims);
      checkIndices(indices, x.shape[along!]!);
      const batches = batchDims < 0 ? indices.shape.length + batchDims : batchDims;
      return gather(graph, { x, indices }, along!, batches);
    },
  ),
  kernel<{ params: TensorInfo; indices: TensorInfo }>("GatherNd", (graph, { params, indices }) => {
    const [shape] = backend_util.prepareAndValidate(params as never, indices as never);
    if (util.sizeFromShape(shape) === 0) return graph.filled(0, shape, params.dtype);
    const index = castEdge(graph, graph.input(indices), "int64");
    return graph.tensor(
      graph.node("GatherND", [graph.input(params), index], { shape, dtype: edgeType(params.dtype) }),
    );
  }),
  kernel<{ indices: TensorInfo; updates: TensorInfo }, { shape: number[] }>(
    "ScatterNd",
    (graph, { indices, updates }, { shape }) => {
      if (util.sizeFromShape(indices.shape) === 0) return graph.filled(0, shape, updates.dtype);
      const numbers = throughNumbers(graph, graph.input(updates));
      const depth = indices.shape.length > 1 ? indices.shape.at(-1)! : 1;
      const rows = graph.reshape(graph.input(indices), [util.sizeFromShape(indices.shape) / depth, depth]);
      const wanted = graph.reshape(numbers, [rows.shape[0]!, ...shape.slice(depth)]);
      const target = graph.expand(graph.number(0, numbers.dtype), shape);
      const result = scatter(graph, { target, indices: rows, updates: wanted }, "add");
      return graph.tensor(castEdge(graph, result, edgeType(updates.dtype)));
    },
  ),
  kernel<{ tensor: TensorInfo; indices: TensorInfo; updates: TensorInfo }>(
    "TensorScatterUpdate",
    (graph, { tensor, indices, updates }) => {
      const depth = indices.shape.length > 1 ? indices.shape.at(-1)! : 1;
      const rows = graph.reshape(graph.input(indices), [util.sizeFromShape(indices.shape) / depth, depth]);
      const target = throughNumbers(graph, graph.input(tensor));
      const numbers = throughNumbers(graph, graph.input(updates));
      const wanted = graph.reshape(numbers, [rows.shape[0]!, ...tensor.shape.slice(depth)]);
      const result = scatter(graph, { target, indices: rows, updates: wanted }, "none");
      return graph.tensor(castEdge(graph, result, edgeType(tensor.dtype)));
    },
  ),
  kernel<
    { sparseIndices: TensorInfo; sparseValues: TensorInfo; defaultValue: TensorInfo },
    { outputShape: number[] }
  >("SparseToDense", (graph, { sparseIndices, sparseValues, defaultValue }, { outputShape }) => {
    const rank = outputShape.length;
    const count = util.sizeFromShape(sparseIndices.shape) / (sparseIndices.shape.length < 2 ? 1 : rank);
    const target = graph.expand(throughNumbers(graph, graph.input(defaultValue)), outputShape);
    const numbers = throughNumbers(graph, graph.input(sparseValues));
    const updates = graph.expand(graph.reshape(numbers, sparseValues.shape.length === 0 ? [1] : [count]), [
      count,
    ]);
    const indices = graph.reshape(graph.input(sparseIndices), [count, rank]);
    const result = scatter(graph, { target, indices, updates }, "none");
    return graph.tensor(castEdge(graph, result, edgeType(sparseValues.dtype)));
  }),
  kernel<{ x: TensorInfo; segmentIds: TensorInfo }, { numSegments: number }>(
    "UnsortedSegmentSum",
    (graph, { x, segmentIds }, { numSegments }) => segmentSum(graph, x, segmentIds, numSegments),
  ),
];
