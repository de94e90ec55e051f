/** Kernels that give the same data another name, shape, type or order, and tensors that come from numbers. */
import { backend_util, type CastAttrs, type DataType, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Recorder } from "../graph/recorder.js";
import type { Value } from "../graph/value.js";
import { type Kernel, kernel } from "../kernel.js";
import { broadcastTensor } from "./broadcast.js";
import { castEdge, edgeType, elementwise } from "./elementwise.js";

interface X {
  readonly x: TensorInfo;
}

function cast(graph: Recorder, x: TensorInfo, dtype: DataType): TensorInfo {
  const { state } = x.dataId as Value;
  if (state.kind === "complex") return cast(graph, state.real, dtype);
  if (x.dtype === dtype) return graph.same(x);
  const number = x.shape.length > 0 ? graph.uniform(x) : undefined;
  if (number !== undefined) return graph.filled(converted(number, dtype), x.shape, dtype);
  return elementwise(graph, [x], ({ cast: to }, edge) => to(edge, edgeType(dtype)));
}

function converted(number: number, dtype: DataType): number {
  if (dtype === "int32") return Math.trunc(number);
  return dtype === "bool" ? Number(number !== 0) : number;
}

/** Numbers from start to stop, stop left out, as tfjs-core counts: a step of 1 turns round when stop lies below. */
function range(start: number, stop: number, step: number): number[] {
  if (start === stop || (start < stop && step < 0) || (stop < start && step > 1)) return [];
  const length = Math.abs(Math.ceil((stop - start) / step));
  const stride = stop < start && step === 1 ? -1 : step;
  return Array.from({ length }, (_, i) => start + i * stride);
}

function written(graph: Recorder, numbers: readonly number[], dtype: DataType): TensorInfo {
  const data = dtype === "int32" ? Int32Array.from(numbers) : Float32Array.from(numbers);
  return graph.written(data, [numbers.length], dtype);
}

export const dataKernels: readonly Kernel[] = [
  kernel<X>("Identity", (graph, { x }) => graph.same(x)),
  kernel<X, { shape: number[] }>("Reshape", (graph, { x }, { shape }) => {
    const size = util.sizeFromShape(x.shape);
    const inferred = util.inferFromImplicitShape(shape, size);
    util.assert(
      util.sizeFromShape(inferred) === size,
      () =>
        `The new shape (${inferred}) has ${util.sizeFromShape(inferred)} elements and the old shape (${x.shape}) has ${size} elements. The new shape and old shape must have the same number of elements.`,
    );
    return graph.same(x, inferred);
  }),
  kernel<{ input: TensorInfo }, { dim: number }>("ExpandDims", (graph, { input }, { dim }) => {
    const rank = input.shape.length;
    util.assert(-(rank + 1) <= dim, () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`);
    const shape = [...input.shape];
    shape.splice(dim < 0 ? input.shape.length + 1 + dim : dim, 0, 1);
    return graph.same(input, shape);
  }),
  kernel<X, CastAttrs>("Cast", (graph, { x }, { dtype }) => cast(graph, x, dtype)),
  kernel<X, { perm: number[] }>("Transpose", (graph, { x }, { perm }) => graph.permuted(x, perm)),
  kernel<X>("ZerosLike", (graph, { x }) => graph.filled(0, x.shape, x.dtype)),
  kernel<X>("OnesLike", (graph, { x }) => graph.filled(1, x.shape, x.dtype)),
  kernel<object, { shape: number[]; value: number | string; dtype?: DataType }>(
    "Fill",
    (graph, _, { shape, value, dtype = util.inferDtype(value) }) => {
      if (typeof value !== "string") return graph.filled(Number(value), shape, dtype);
      const strings = new Array<Uint8Array>(util.sizeFromShape(shape)).fill(util.encodeString(value));
      return graph.info(graph.values.create({ kind: "strings", strings }, shape, "uint8"), "string");
    },
  ),
  kernel<object, { start: number; stop: number; step: number; dtype: DataType }>(
    "Range",
    (graph, _, { start, stop, step, dtype }) => written(graph, range(start, stop, step), dtype),
  ),
  kernel<object, { start: number; stop: number; num: number }>(
    "LinSpace",
    (graph, _, { start, stop, num }) => {
      const step = (stop - start) / (num - 1);
      return written(
        graph,
        Array.from({ length: num }, (_each, i) => (i === 0 ? start : start + i * step)),
        "float32",
      );
    },
  ),
  kernel<X, { shape: number[] }>("BroadcastTo", (graph, { x }, { shape }) =>
    broadcastTensor(graph, x, shape),
  ),
  kernel<{ s0: TensorInfo; s1: TensorInfo }>("BroadcastArgs", (graph, { s0, s1 }, _, backend) => {
    const [first, second] = [s0, s1].map(({ dataId }) => Array.from(backend.readSync(dataId) as Int32Array));
    const shape = backend_util.assertAndGetBroadcastShape(first!, second!);
    return graph.written(Int32Array.from(shape), [shape.length], "int32");
  }),
  kernel<{ condition: TensorInfo; t: TensorInfo; e: TensorInfo }>("Select", (graph, { condition, t, e }) => {
    const rows = condition.shape.length === 1 && t.shape.length > 1;
    const shape = rows
      ? [condition.shape[0]!, ...new Array<number>(t.shape.length - 1).fill(1)]
      : condition.shape;
    return elementwise(graph, [{ ...condition, shape }, t, e], ({ op, cast: to }, chosen, yes, no) =>
      op("Where", [to(chosen, "bool"), yes, no], { dtype: yes.dtype }),
    );
  }),
  kernel<X>("Diag", (graph, { x }) => {
    const size = util.sizeFromShape(x.shape);
    const places = Int32Array.from({ length: size }, (_, i) => i);
    const row = graph.constant({ dtype: "int32", shape: [size], data: places });
    const shape = [size, size];
    const same = graph.node("Equal", [graph.reshape(row, [size, 1]), row], { shape, dtype: "bool" });
    const numbers = castEdge(
      graph,
      graph.reshape(graph.input(x), [size]),
      x.dtype === "bool" ? "int32" : edgeType(x.dtype),
    );
    const square = graph.node("Where", [same, numbers, graph.number(0, numbers.dtype)], {
      shape,
      dtype: numbers.dtype,
    });
    return graph.tensor(graph.reshape(castEdge(graph, square, edgeType(x.dtype)), [...x.shape, ...x.shape]));
  }),
  kernel<TensorInfo[]>("AddN", (graph, inputs) =>
    elementwise(graph, Object.values(inputs), ({ op }, ...edges) =>
      edges.reduce((a, b) => op("Add", [a, b])),
    ),
  ),
  kernel<{ indices: TensorInfo }, { depth: number; onValue: number; offValue: number; dtype: DataType }>(
    "OneHot",
    (graph, { indices }, { depth, onValue, offValue, dtype }) => {
      const classes = graph.constant({
        dtype: "int32",
        shape: [depth],
        data: Int32Array.from({ length: depth }, (_, i) => i),
      });
      const column = graph.reshape(castEdge(graph, graph.input(indices), "int32"), [...indices.shape, 1]);
      const shape = [...indices.shape, depth];
      const equal = graph.node("Equal", [column, classes], { shape, dtype: "bool" });
      const type = dtype === "bool" ? "int32" : edgeType(dtype);
      const chosen = graph.node("Where", [equal, graph.number(onValue, type), graph.number(offValue, type)], {
        shape,
        dtype: type,
      });
      return graph.tensor(castEdge(graph, chosen, edgeType(dtype)));
    },
  ),
];
