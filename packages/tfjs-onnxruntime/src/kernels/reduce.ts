/** Reductions over axes. A view is reduced over the axes of what it views. */
import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { castEdge } from "./elementwise.js";

interface Attributes {
  readonly axis?: number | number[];
  /** What Max calls its axes. */
  readonly reductionIndices?: number | number[];
  readonly keepDims: boolean;
}

interface Reduction {
  readonly type: string;
  /** What an empty reduction gives. */
  readonly empty: number;
  /** Element type to compute in and to give. */
  readonly through: (dtype: string) => "float32" | "int32";
  readonly gives?: "float32" | "bool";
}

const asIs = (dtype: string) => (dtype === "float32" ? "float32" : "int32");

const reductions: Readonly<Record<string, Reduction>> = {
  Sum: { type: "ReduceSum", empty: 0, through: asIs },
  Mean: { type: "ReduceMean", empty: Number.NaN, through: () => "float32", gives: "float32" },
  Max: { type: "ReduceMax", empty: Number.NEGATIVE_INFINITY, through: asIs },
  Min: { type: "ReduceMin", empty: Number.POSITIVE_INFINITY, through: asIs },
  Prod: { type: "ReduceProd", empty: 1, through: asIs },
  All: { type: "ReduceMin", empty: 1, through: () => "int32", gives: "bool" },
  Any: { type: "ReduceMax", empty: 0, through: () => "int32", gives: "bool" },
};

function reduce(graph: Recorder, name: string, x: TensorInfo, attributes: Attributes): TensorInfo {
  const { type, empty, through, gives } = reductions[name]!;
  const axes = util.parseAxisParam(attributes.axis ?? attributes.reductionIndices ?? null!, x.shape);
  const kept = x.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
  const shape = attributes.keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  const computed = through(x.dtype);
  const dtype = gives ?? (x.dtype === "bool" ? "int32" : (x.dtype as "float32"));
  if (util.sizeFromShape(x.shape) === 0) return graph.filled(empty, shape, dtype);
  const uniform = x.shape.length > 0 ? graph.uniform(x) : undefined;
  if (uniform !== undefined && name === "Sum") {
    return graph.filled((uniform * util.sizeFromShape(x.shape)) / util.sizeFromShape(shape), shape, dtype);
  }
  const view = graph.viewOf(x);
  const source = castEdge(graph, graph.input(view?.base ?? x), computed);
  const along = axes.map((axis) => view?.axes[axis] ?? axis).sort((a, b) => a - b);
  const extreme = computed === "float32" && (name === "Max" || name === "Min");
  const reduced = extreme ? extremeOf(graph, type, source, along) : keepingAxes(graph, type, source, along);
  const ordered = view ? graph.transpose(reduced, view.axes) : reduced;
  return graph.tensor(castEdge(graph, graph.reshape(ordered, shape), dtype));
}

/** Not a number where one of the elements is none: ONNX Runtime passes over them. */
function extremeOf(graph: Recorder, type: string, source: Edge, axes: readonly number[]): Edge {
  const found = keepingAxes(graph, type, source, axes);
  const none = graph.node("IsNaN", [source], { shape: source.shape, dtype: "bool" });
  const any = keepingAxes(graph, "ReduceMax", castEdge(graph, none, "float32"), axes);
  const some = graph.node("Greater", [any, graph.number(0)], { shape: any.shape, dtype: "bool" });
  return graph.node("Where", [some, graph.number(Number.NaN), found], found);
}

/** Keeps the reduced axes, with length 1. */
function keepingAxes(graph: Recorder, type: string, source: Edge, axes: readonly number[]): Edge {
  if (axes.length === 0) return source;
  const shape = source.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
  return graph.node(
    type,
    [source, graph.integers(axes)],
    { shape, dtype: source.dtype },
    { attributes: { keepdims: 1 } },
  );
}

/** What is no number is passed over. */
const extremeIndex = (name: "ArgMax" | "ArgMin", worst: number): Kernel =>
  kernel<{ x: TensorInfo }, { axis: number }>(name, (graph, { x }, { axis }) => {
    const [along] = util.parseAxisParam(axis, x.shape);
    const source = castEdge(graph, graph.input(x), x.dtype === "float32" ? "float32" : "int32");
    const shape = x.shape.filter((_, each) => each !== along);
    const numbers = x.dtype === "float32" ? withoutNaN(graph, source, worst) : source;
    const found = graph.node(
      name,
      [numbers],
      { shape, dtype: "int64" },
      { attributes: { axis: along!, keepdims: 0 } },
    );
    return graph.tensor(castEdge(graph, found, "int32"));
  });

function withoutNaN(graph: Recorder, edge: Edge, instead: number): Edge {
  const none = graph.node("IsNaN", [edge], { shape: edge.shape, dtype: "bool" });
  return graph.node("Where", [none, graph.number(instead), edge], edge);
}

export const reduceKernels: readonly Kernel[] = [
  ...Object.keys(reductions).map((name) =>
    kernel<{ x: TensorInfo }, Attributes>(name, (graph, { x }, attributes) =>
      reduce(graph, name, x, attributes),
    ),
  ),
  extremeIndex("ArgMax", Number.NEGATIVE_INFINITY),
  extremeIndex("ArgMin", Number.POSITIVE_INFINITY),
];
