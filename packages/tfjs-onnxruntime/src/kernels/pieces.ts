/** Kernels that cut tensors into pieces and put pieces together. */
import { backend_util, slice_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import { sameShape } from "../graph/edge.js";
import { inverse } from "../graph/layout.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { broadcastTensor } from "./broadcast.js";

interface X {
  readonly x: TensorInfo;
}

/** A box of an edge; steps may be negative, then the end is left out from above. */
function slice(
  graph: Recorder,
  edge: Edge,
  begin: readonly number[],
  end: readonly number[],
  steps?: readonly number[],
): Edge {
  const stride = steps ?? begin.map(() => 1);
  const shape = begin.map((first, axis) => Math.max(0, Math.ceil((end[axis]! - first) / stride[axis]!)));
  if (sameShape(shape, edge.shape) && stride.every((each) => each === 1)) return edge;
  const axes = begin.map((_, axis) => axis);
  // Below the first element there is no number but one that is out of range for every axis.
  const ends = end.map((last, axis) => (stride[axis]! < 0 && last < 0 ? -edge.shape[axis]! - 1 : last));
  const inputs = [edge, ...[begin, ends, axes, stride].map((list) => graph.integers(list))];
  return graph.node("Slice", inputs, { shape, dtype: edge.dtype });
}

function sliceTensor(
  graph: Recorder,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
): TensorInfo {
  const number = graph.uniform(x);
  if (number !== undefined) return graph.filled(number, size, x.dtype);
  const view = graph.viewOf(x);
  const end = begin.map((first, axis) => first + size[axis]!);
  if (!view) return graph.tensor(slice(graph, graph.input(x), begin, end));
  const base = graph.input(view.base);
  const onBase = (list: readonly number[]) => {
    const moved = new Array<number>(list.length);
    view.axes.forEach((axis, i) => {
      moved[axis] = list[i]!;
    });
    return moved;
  };
  return graph.view(slice(graph, base, onBase(begin), onBase(end)), view.axes);
}

function concat(graph: Recorder, tensors: readonly TensorInfo[], axis: number): TensorInfo {
  const shape = backend_util.computeOutShape(
    tensors.map(({ shape: each }) => each),
    axis,
  );
  if (util.sizeFromShape(shape) === 0) return graph.filled(0, shape, tensors[0]!.dtype);
  const present = tensors.filter((x) => util.sizeFromShape(x.shape) > 0);
  if (present.length === 1) return graph.same(present[0]!);
  const views = present.map((x) => graph.viewOf(x));
  const axes = views[0]?.axes;
  if (axes && views.every((view) => view && sameShape(view.axes, axes))) {
    const edge = joined(
      graph,
      views.map((view) => graph.input(view!.base)),
      axes[axis]!,
    );
    return graph.view(edge, axes);
  }
  return graph.tensor(
    joined(
      graph,
      present.map((x) => graph.input(x)),
      axis,
    ),
  );
}

function joined(graph: Recorder, edges: readonly Edge[], axis: number): Edge {
  const shape = [...edges[0]!.shape];
  shape[axis] = edges.reduce((sum, edge) => sum + edge.shape[axis]!, 0);
  return graph.node("Concat", edges, { shape, dtype: edges[0]!.dtype }, { attributes: { axis } });
}

function split(graph: Recorder, x: TensorInfo, sizes: readonly number[], axis: number): TensorInfo[] {
  const begin = new Array<number>(x.shape.length).fill(0);
  return sizes.map((size) => {
    const box = [...x.shape];
    box[axis] = size;
    const piece = sliceTensor(graph, x, begin, box);
    begin[axis]! += size;
    return piece;
  });
}

function stridedSlice(graph: Recorder, x: TensorInfo, attributes: StridedSlice): TensorInfo {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
  const found = slice_util.sliceInfo(
    x.shape,
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  if (found.isIdentity) return graph.same(x, found.finalShape);
  if (util.sizeFromShape(found.finalShape) === 0) return graph.filled(0, found.finalShape, x.dtype);
  const edge = slice(graph, graph.input(x), found.begin, found.end, found.strides);
  return graph.tensor(graph.reshape(edge, found.finalShape));
}

/** Numbers around a tensor; a view is padded in its base's order. */
function pad(
  graph: Recorder,
  x: TensorInfo,
  paddings: readonly [number, number][],
  value: number,
): TensorInfo {
  const shape = x.shape.map((side, axis) => paddings[axis]![0] + side + paddings[axis]![1]);
  if (util.sizeFromShape(x.shape) === 0 || graph.uniform(x) === value)
    return graph.filled(value, shape, x.dtype);
  const view = graph.viewOf(x);
  const axes = view?.axes ?? shape.map((_, axis) => axis);
  const order = inverse(axes);
  const edge = graph.input(view?.base ?? x);
  const amounts = [0, 1].flatMap((end) => order.map((axis) => paddings[axis]![end]!));
  const inputs = [edge, graph.integers(amounts), graph.number(value, edge.dtype)];
  const padded = graph.node("Pad", inputs, { shape: order.map((axis) => shape[axis]!), dtype: edge.dtype });
  return graph.view(padded, axes);
}

interface StridedSlice {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

export const pieceKernels: readonly Kernel[] = [
  kernel<X, { begin: number | number[]; size: number | number[] }>(
    "Slice",
    (graph, { x }, { begin, size }) => {
      const [first, box] = slice_util.parseSliceParams(x as never, begin, size);
      slice_util.assertParamsValid(x, first!, box!);
      if (util.sizeFromShape(box!) === 0) return graph.filled(0, box!, x.dtype);
      return sameShape(box!, x.shape) ? graph.same(x) : sliceTensor(graph, x, first!, box!);
    },
  ),
  kernel<X, StridedSlice>("StridedSlice", (graph, { x }, attributes) => stridedSlice(graph, x, attributes)),
  kernel<TensorInfo[], { axis: number }>("Concat", (graph, inputs, { axis }) => {
    const tensors = Object.values(inputs);
    const [along] = util.parseAxisParam(axis, tensors[0]!.shape);
    backend_util.assertParamsConsistent(
      tensors.map(({ shape }) => shape),
      along!,
    );
    return concat(graph, tensors, along!);
  }),
  kernel<X, { numOrSizeSplits: number | number[]; axis: number }>(
    "SplitV",
    (graph, { x }, { numOrSizeSplits, axis }) => {
      const [along] = util.parseAxisParam(axis, x.shape);
      return split(graph, x, backend_util.prepareSplitSize(x as never, numOrSizeSplits, along), along!);
    },
  ),
  kernel<TensorInfo[], { axis: number }>("Pack", (graph, inputs, { axis }) => {
    const tensors = Object.values(inputs);
    const rank = tensors[0]!.shape.length + 1;
    const along = axis < 0 ? rank + axis : axis;
    const widened = tensors.map((x) => ({ ...x, shape: x.shape.toSpliced(along, 0, 1) }));
    const [first] = widened;
    for (const x of tensors) {
      util.assertShapesMatch(
        tensors[0]!.shape,
        x.shape,
        "All tensors passed to stack must have matching shapes",
      );
      util.assert(x.dtype === first!.dtype, () => "All tensors passed to stack must have matching dtypes");
    }
    return widened.length === 1 ? graph.same(first!, first!.shape) : concat(graph, widened, along);
  }),
  kernel<{ value: TensorInfo }, { axis: number }>("Unpack", (graph, { value }, { axis }) => {
    const along = axis < 0 ? value.shape.length + axis : axis;
    const count = value.shape[along]!;
    return split(graph, value, new Array<number>(count).fill(1), along).map((piece) => ({
      ...piece,
      shape: piece.shape.toSpliced(along, 1),
    }));
  }),
  kernel<X, { paddings: [number, number][]; constantValue: number }>(
    "PadV2",
    (graph, { x }, { paddings, constantValue }) => pad(graph, x, paddings, constantValue),
  ),
  kernel<X, { reps: number[] }>("Tile", (graph, { x }, { reps }) => {
    const shape = x.shape.map((side, axis) => side * reps[axis]!);
    if (util.sizeFromShape(shape) === 0) return graph.filled(0, shape, x.dtype);
    if (reps.every((times, axis) => times === 1 || x.shape[axis] === 1))
      return broadcastTensor(graph, x, shape);
    return graph.tensor(
      graph.node("Tile", [graph.input(x), graph.integers(reps)], { shape, dtype: graph.input(x).dtype }),
    );
  }),
  kernel<X, { dims: number | number[] }>("Reverse", (graph, { x }, { dims }) => {
    if (x.shape.length === 0) return graph.same(x);
    const axes = util.parseAxisParam(dims, x.shape);
    const begin = x.shape.map((side, axis) => (axes.includes(axis) ? side - 1 : 0));
    const end = x.shape.map((side, axis) => (axes.includes(axis) ? -1 : side));
    const steps = x.shape.map((_, axis) => (axes.includes(axis) ? -1 : 1));
    return graph.tensor(slice(graph, graph.input(x), begin, end, steps));
  }),
];
