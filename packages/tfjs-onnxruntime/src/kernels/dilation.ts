/** Grey-scale dilation: the largest sum of pixel and filter in each window, and its gradients. Filter [height, width, channels]. */
import { backend_util, type Dilation2DAttrs, type TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { giveChannelsFirst, readChannelsFirst } from "./channels.js";
import { fromColumns } from "./convolution.js";
import { castEdge, edgeType, elementsOf } from "./elementwise.js";
import { cutWindow, margins, withMargins } from "./margins.js";
import { outputShape, places, product, type Windows, windows2d } from "./windows.js";

interface Inputs {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
}

interface Gradient extends Inputs {
  readonly dy: TensorInfo;
}

function windowsOf({ x, filter }: Inputs, { strides, pad, dilations }: Dilation2DAttrs): Windows {
  return windows2d(
    backend_util.computeDilation2DInfo(
      x.shape as [number, number, number, number],
      filter.shape as [number, number, number],
      strides,
      pad,
      "NHWC",
      dilations,
    ),
  );
}

/** Pixel plus filter at each place of the kernel, [N, C, outputs]. */
function sums(graph: Recorder, { x, filter }: Inputs, windows: Windows): Edge[] {
  const { before, after } = margins(windows);
  const edge = readChannelsFirst(graph, x, false);
  const image = withMargins(graph, edge, [0, 0, ...before], [0, 0, ...after], Number.NEGATIVE_INFINITY);
  const weights = castEdge(graph, graph.input(filter), "float32");
  const { inputChannels, kernel: sides } = windows;
  const rows = graph.reshape(weights, [product(sides), inputChannels]);
  return places(sides).map((place, tap) => {
    const lists = [[tap], [tap + 1], [0]].map((list) => graph.integers(list));
    const row = graph.node("Slice", [rows, ...lists], { shape: [1, inputChannels], dtype: "float32" });
    const weight = graph.reshape(row, [1, inputChannels, 1, 1]);
    return elementsOf(graph).op("Add", [cutWindow(graph, image, place, windows), weight]);
  });
}

/** dy where a place of the kernel had the largest sum, zero elsewhere; of several the first gets it. */
function winners(graph: Recorder, { dy, ...inputs }: Gradient, windows: Windows): Edge[] {
  const { op, number } = elementsOf(graph);
  const each = sums(graph, inputs, windows);
  const largest = each.reduce((a, b) => op("Max", [a, b]));
  let left = readChannelsFirst(graph, dy, false);
  return each.map((sum) => {
    const wins = op("Equal", [sum, largest], { dtype: "bool" });
    const won = op("Where", [wins, left, number(0)], { dtype: "float32" });
    left = op("Where", [wins, number(0), left], { dtype: "float32" });
    return won;
  });
}

function joined(graph: Recorder, edges: readonly Edge[], axis: number): Edge {
  const shape = edges[0]!.shape.with(axis, edges.length * edges[0]!.shape[axis]!);
  return graph.node("Concat", edges, { shape, dtype: "float32" }, { attributes: { axis } });
}

function backToInput(graph: Recorder, inputs: Gradient, windows: Windows): TensorInfo {
  const { batch, inputChannels, kernel: sides, output } = windows;
  const shares = winners(graph, inputs, windows).map((edge) =>
    graph.reshape(edge, [batch, inputChannels, 1, product(output)]),
  );
  const shape = [batch, inputChannels * product(sides), product(output)];
  const columns = graph.reshape(joined(graph, shares, 2), shape);
  return giveChannelsFirst(graph, fromColumns(graph, columns, windows), false, inputs.x.dtype);
}

function backToFilter(graph: Recorder, inputs: Gradient, windows: Windows): TensorInfo {
  const { inputChannels } = windows;
  const shares = winners(graph, inputs, windows).map((edge) =>
    graph.node("ReduceSum", [edge, graph.integers([0, 2, 3])], {
      shape: [1, inputChannels, 1, 1],
      dtype: "float32",
    }),
  );
  const gradient = graph.reshape(joined(graph, shares, 0), inputs.filter.shape);
  return graph.tensor(castEdge(graph, gradient, edgeType(inputs.filter.dtype)));
}

export const dilationKernels: readonly Kernel[] = [
  kernel<Inputs, Dilation2DAttrs>("Dilation2D", (graph, inputs, attributes) => {
    const windows = windowsOf(inputs, attributes);
    const { op } = elementsOf(graph);
    const largest = sums(graph, inputs, windows).reduce((a, b) => op("Max", [a, b]));
    return giveChannelsFirst(graph, graph.reshape(largest, outputShape(windows)), false, inputs.x.dtype);
  }),
  kernel<Gradient, Dilation2DAttrs>("Dilation2DBackpropInput", (graph, inputs, attributes) =>
    backToInput(graph, inputs, windowsOf(inputs, attributes)),
  ),
  kernel<Gradient, Dilation2DAttrs>("Dilation2DBackpropFilter", (graph, inputs, attributes) =>
    backToFilter(graph, inputs, windowsOf(inputs, attributes)),
  ),
];
