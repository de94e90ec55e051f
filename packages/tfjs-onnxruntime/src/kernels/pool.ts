/** Pools over two and three axes and their gradients. */
import {
  type AvgPool3DAttrs,
  type AvgPool3DGradAttrs,
  type AvgPoolAttrs,
  type AvgPoolGradAttrs,
  backend_util,
  type MaxPool3DAttrs,
  type MaxPool3DGradAttrs,
  type MaxPoolAttrs,
  type MaxPoolGradAttrs,
  type MaxPoolWithArgmaxAttrs,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { giveChannelsFirst, readChannelsFirst } from "./channels.js";
import { castEdge, elementsOf } from "./elementwise.js";
import { tensorShape } from "./fusion.js";
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient, maxPoolPositions } from "./pooling.js";
import { outputShape, product, type Windows, windows2d, windows3d, withOutput } from "./windows.js";

type Attributes2d =
  | AvgPoolAttrs
  | AvgPoolGradAttrs
  | MaxPoolAttrs
  | MaxPoolGradAttrs
  | MaxPoolWithArgmaxAttrs;
type Attributes3d = AvgPool3DAttrs | AvgPool3DGradAttrs | MaxPool3DAttrs | MaxPool3DGradAttrs;

function windowsOf2d(shape: number[], attributes: Attributes2d): Windows {
  const { filterSize, strides, pad } = attributes;
  const rounding = "dimRoundingMode" in attributes ? attributes.dimRoundingMode : undefined;
  return windows2d(
    backend_util.computePool2DInfo(
      shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      rounding,
    ),
  );
}

function windowsOf3d(shape: number[], attributes: Attributes3d): Windows {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const format = "dataFormat" in attributes ? attributes.dataFormat : undefined;
  return windows3d(
    backend_util.computePool3DInfo(
      shape as [number, number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
      format,
    ),
  );
}

/** Applies a pool to a tensor. */
function pooled(
  graph: Recorder,
  x: TensorInfo,
  windows: Windows,
  pool: (graph: Recorder, x: Edge, windows: Windows) => Edge,
): TensorInfo {
  const shape = outputShape(windows);
  const { channelsFirst, kernel: sides } = windows;
  if (product(shape) === 0) return graph.filled(0, tensorShape(shape, windows), x.dtype);
  if (product(sides) === 1 && util.arraysEqual(tensorShape(shape, windows), x.shape)) return graph.same(x);
  const edge = readChannelsFirst(graph, x, channelsFirst);
  return giveChannelsFirst(graph, pool(graph, edge, windows), channelsFirst, x.dtype);
}

interface Gradient {
  readonly dy: TensorInfo;
  readonly input: TensorInfo;
}

function backThroughMax(graph: Recorder, { dy, input }: Gradient, given: Windows): TensorInfo {
  const windows = withOutput(given, dy.shape.slice(1, -1));
  if (product(dy.shape) === 0) return graph.filled(0, input.shape, "float32");
  const [x, gradient] = [input, dy].map((each) => readChannelsFirst(graph, each, windows.channelsFirst));
  return giveChannelsFirst(graph, maxPoolGradient(graph, x!, gradient!, windows), windows.channelsFirst);
}

function backThroughAverage(graph: Recorder, { dy, input }: Gradient, given: Windows): TensorInfo {
  const windows = withOutput(given, dy.shape.slice(1, -1));
  if (product(dy.shape) === 0) return graph.filled(0, input.shape, "float32");
  const gradient = readChannelsFirst(graph, dy, windows.channelsFirst);
  return giveChannelsFirst(graph, averagePoolGradient(graph, gradient, windows), windows.channelsFirst);
}

function withArgmax(graph: Recorder, x: TensorInfo, attributes: MaxPoolWithArgmaxAttrs): TensorInfo[] {
  const windows = windowsOf2d(x.shape, attributes);
  const { op, number } = elementsOf(graph);
  const edge = readChannelsFirst(graph, x, false);
  const nothing = op("IsNaN", [edge], { dtype: "bool" });
  const numbers = op("Where", [nothing, number(Number.NEGATIVE_INFINITY), edge], { dtype: "float32" });
  const positions = maxPoolPositions(graph, numbers, windows);
  const places = channelsLastPlaces(graph, positions.indices, positions.windows, {
    windows,
    withBatch: attributes.includeBatchInIndex,
  });
  return [
    giveChannelsFirst(graph, positions.values, false, x.dtype),
    giveChannelsFirst(graph, places, false, "int32"),
  ];
}

/** From flat places in an image [N, C, H, W], margins and all, to flat places in [N, H, W, C] or [H, W, C]. */
function channelsLastPlaces(
  graph: Recorder,
  indices: Edge,
  { input: [tall, wide], before }: Windows,
  { windows, withBatch }: { readonly windows: Windows; readonly withBatch: boolean },
): Edge {
  const { op } = elementsOf(graph);
  const { input, inputChannels } = windows;
  const whole = (number: number) =>
    graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(number)) });
  const divided = (edge: Edge, by: number) => op("Div", [edge, whole(by)]);
  const rest = (edge: Edge, by: number) => op("Mod", [edge, whole(by)]);
  const around = before.map((zeros, axis) => windows.before[axis]! - zeros);
  const row = op("Sub", [rest(divided(indices, wide!), tall!), whole(around[0]!)]);
  const column = op("Sub", [rest(indices, wide!), whole(around[1]!)]);
  const channel = rest(divided(indices, tall! * wide!), inputChannels);
  const sample = divided(indices, tall! * wide! * inputChannels);
  const line = withBatch ? op("Add", [op("Mul", [sample, whole(input[0]!)]), row]) : row;
  const pixel = op("Add", [op("Mul", [line, whole(input[1]!)]), column]);
  return castEdge(graph, op("Add", [op("Mul", [pixel, whole(inputChannels)]), channel]), "int32");
}

interface X {
  readonly x: TensorInfo;
}

export const poolKernels: readonly Kernel[] = [
  kernel<X, AvgPoolAttrs>("AvgPool", (graph, { x }, attributes) =>
    pooled(graph, x, windowsOf2d(x.shape, attributes), averagePool),
  ),
  kernel<X, MaxPoolAttrs>("MaxPool", (graph, { x }, attributes) =>
    pooled(graph, x, windowsOf2d(x.shape, attributes), maxPool),
  ),
  kernel<X, AvgPool3DAttrs>("AvgPool3D", (graph, { x }, attributes) =>
    pooled(graph, x, windowsOf3d(x.shape, attributes), averagePool),
  ),
  kernel<X, MaxPool3DAttrs>("MaxPool3D", (graph, { x }, attributes) =>
    pooled(graph, x, windowsOf3d(x.shape, attributes), maxPool),
  ),
  kernel<Gradient, AvgPoolGradAttrs>("AvgPoolGrad", (graph, inputs, attributes) =>
    backThroughAverage(graph, inputs, windowsOf2d(inputs.input.shape, attributes)),
  ),
  kernel<Gradient, MaxPoolGradAttrs>("MaxPoolGrad", (graph, inputs, attributes) =>
    backThroughMax(graph, inputs, windowsOf2d(inputs.input.shape, attributes)),
  ),
  kernel<Gradient, AvgPool3DGradAttrs>("AvgPool3DGrad", (graph, inputs, attributes) =>
    backThroughAverage(graph, inputs, windowsOf3d(inputs.input.shape, attributes)),
  ),
  kernel<Gradient, MaxPool3DGradAttrs>("MaxPool3DGrad", (graph, inputs, attributes) =>
    backThroughMax(graph, inputs, windowsOf3d(inputs.input.shape, attributes)),
  ),
  kernel<X, MaxPoolWithArgmaxAttrs>("MaxPoolWithArgmax", (graph, { x }, attributes) =>
    withArgmax(graph, x, attributes),
  ),
];
