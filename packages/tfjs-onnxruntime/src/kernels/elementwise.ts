/** Operations on each element: how they are recorded, whatever the order of axes, with numbers passed as numbers. */

import type { DType } from "@difftap/core";
import { backend_util, type DataType, type TensorInfo } from "@tensorflow/tfjs-core";
import { type Edge, sameShape } from "../graph/edge.js";
import { chooseLayout, fromLayout, inLayout, layoutShape } from "../graph/layout.js";
import type { Recorder } from "../graph/recorder.js";

export interface Elements {
  readonly graph: Recorder;
  /** Adds a node whose result has the broadcast shape of its inputs. */
  readonly op: (
    type: string,
    inputs: readonly Edge[],
    spec?: {
      dtype?: DType;
      domain?: string;
      attributes?: Readonly<Record<string, number | { float: number }>>;
    },
  ) => Edge;
  readonly cast: (edge: Edge, dtype: DType) => Edge;
  readonly number: (number: number, dtype?: DType) => Edge;
}

/** Applies a formula to tensors that broadcast with each other. */
export function elementwise(
  graph: Recorder,
  inputs: readonly TensorInfo[],
  formula: (elements: Elements, ...edges: Edge[]) => Edge,
): TensorInfo {
  const shape = inputs.map((x) => x.shape).reduce((a, b) => backend_util.assertAndGetBroadcastShape(a, b));
  const layout = chooseLayout(graph, inputs, shape);
  const edges = inputs.map((x) => inLayout(graph, x, shape, layout));
  const result = formula(elementsOf(graph), ...edges);
  return fromLayout(graph, graph.expand(result, layoutShape(shape, layout)), layout);
}

export function elementsOf(graph: Recorder): Elements {
  const op: Elements["op"] = (type, inputs, { dtype = inputs[0]!.dtype, domain, attributes } = {}) => {
    const shape = inputs
      .map((edge) => [...edge.shape])
      .reduce((a, b) => backend_util.assertAndGetBroadcastShape(a, b));
    const spec = { ...(domain && { domain }), ...(attributes && { attributes }) };
    if (!isColumnWithNumbers(inputs, shape)) return graph.node(type, inputs, { shape, dtype }, spec);
    const row = shape.slice(0, -1);
    const rows = inputs.map((edge) => (edge.shape.length === 0 ? edge : graph.reshape(edge, row)));
    return graph.reshape(op(type, rows, { dtype, ...spec }), shape);
  };
  return {
    graph,
    op,
    number: (number, dtype) => graph.number(number, dtype),
    cast: (edge, dtype) => castEdge(graph, edge, dtype),
  };
}

/** Over a last axis of length 1, ONNX Runtime broadcasts a number one element at a time, nine times slower; so that axis is left out. */
function isColumnWithNumbers(inputs: readonly Edge[], shape: readonly number[]): boolean {
  if (shape.length < 2 || shape.at(-1) !== 1) return false;
  const numbers = inputs.filter((edge) => edge.shape.length === 0);
  const others = inputs.filter((edge) => edge.shape.length > 0);
  return numbers.length > 0 && others.every((edge) => sameShape(edge.shape, shape));
}

/** ONNX's numbers of the element types that casts go to. */
const typeNumbers: Partial<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

export function castEdge(graph: Recorder, edge: Edge, dtype: DType): Edge {
  if (edge.dtype === dtype) return edge;
  return graph.node(
    "Cast",
    [edge],
    { shape: edge.shape, dtype },
    { attributes: { to: typeNumbers[dtype]! } },
  );
}

/** The element type of a tensor's edges. */
export function edgeType(dtype: DataType): DType {
  return dtype as DType;
}
