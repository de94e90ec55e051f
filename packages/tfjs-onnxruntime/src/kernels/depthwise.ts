/** Convolutions of each channel by itself: filter […kernel, channels, multiplier], output channel c · multiplier + m. */
import {
  backend_util,
  type DepthwiseConv2dNativeAttrs,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type FusedDepthwiseConv2DAttrs,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { giveChannelsFirst, readChannelsFirst } from "./channels.js";
import { convolve, fromColumns, turnedAround, turnedMargins, turnedWindows } from "./convolution.js";
import { castEdge, elementsOf } from "./elementwise.js";
import { type After, activated, type Fusion, tensorShape, withBias } from "./fusion.js";
import { cutWindow, margins, withMargins } from "./margins.js";
import { inputShape, outputShape, places, product, type Windows, windows2d } from "./windows.js";

type Shape4 = [number, number, number, number];

type Given = Pick<DepthwiseConv2dNativeAttrs, "strides" | "pad" | "dilations" | "dimRoundingMode"> & {
  readonly dataFormat?: "NHWC" | "NCHW";
};

function windowsOf(
  input: number[],
  filter: number[],
  { strides, pad, dilations, dimRoundingMode, dataFormat }: Given,
): Windows {
  const format = dataFormat === "NCHW" ? "channelsFirst" : "channelsLast";
  util.assert(
    backend_util.eitherStridesOrDilationsAreOne(strides, dilations ?? 1),
    () =>
      `Error in depthwiseConv2d: Either strides or dilations must be 1. Got strides ${strides} and dilations '${dilations}'`,
  );
  const info = backend_util.computeConv2DInfo(
    input as Shape4,
    filter as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
    format,
  );
  return windows2d(info);
}

function forward(graph: Recorder, inputs: Fusion, windows: Windows, after: After = {}): TensorInfo {
  const { x, filter } = inputs;
  const { channelsFirst, kernel: sides, inputChannels, outputChannels } = windows;
  if (product(outputShape(windows)) === 0)
    return graph.filled(0, tensorShape(outputShape(windows), windows), x.dtype);
  const ordered = castEdge(graph, graph.reordered(filter, [2, 3, 0, 1]), "float32");
  const edges = {
    x: readChannelsFirst(graph, x, channelsFirst),
    filter: graph.reshape(ordered, [outputChannels, 1, ...sides]),
  };
  const finished = withBias(graph, inputs, windows, (bias) =>
    convolve(graph, bias ? { ...edges, bias } : edges, windows, inputChannels),
  );
  return giveChannelsFirst(graph, activated(graph, finished, inputs, windows, after), channelsFirst, x.dtype);
}

/** A convolution with the filter turned around; for strides each output's share of its window, summed. */
function inputGradient(graph: Recorder, dy: Edge, filter: TensorInfo, windows: Windows): Edge {
  const { inputChannels, kernel: sides } = windows;
  const bounds = turnedMargins(windows);
  if (windows.strides.some((stride) => stride > 1) || bounds.flat().some((margin) => margin < 0))
    return scattered(graph, dy, filter, windows);
  const turned = turnedAround(graph, graph.input(filter), sides, 0);
  const ordered = graph.transpose(turned, [2, 3, 0, 1]);
  return convolve(graph, { x: dy, filter: ordered }, turnedWindows(windows, bounds), inputChannels);
}

function scattered(graph: Recorder, dy: Edge, filter: TensorInfo, windows: Windows): Edge {
  const { batch, inputChannels, outputChannels, kernel: sides, output } = windows;
  const multiplier = outputChannels / inputChannels;
  const taps = product(sides);
  const weights = graph.reshape(graph.reordered(filter, [2, 0, 1, 3]), [inputChannels, taps, multiplier]);
  const columns = graph.reshape(dy, [batch, inputChannels, multiplier, product(output)]);
  const shape = [batch, inputChannels, taps, product(output)];
  const shares = graph.node("MatMul", [weights, columns], { shape, dtype: "float32" });
  return fromColumns(graph, graph.reshape(shares, [batch, inputChannels * taps, product(output)]), windows);
}

/** For each place of the kernel, what it saw times dy, summed. */
function filterGradient(graph: Recorder, x: Edge, dy: Edge, windows: Windows): Edge {
  const { batch, inputChannels, outputChannels, kernel: sides, output } = windows;
  const multiplier = outputChannels / inputChannels;
  const { before, after } = margins(windows);
  const image = withMargins(graph, x, [0, 0, ...before], [0, 0, ...after]);
  const gradient = graph.reshape(dy, [batch, inputChannels, multiplier, ...output]);
  const sums = places(sides).map((place) => {
    const seen = graph.reshape(cutWindow(graph, image, place, windows), [batch, inputChannels, 1, ...output]);
    const shares = elementsOf(graph).op("Mul", [seen, gradient]);
    const shape = [1, inputChannels, multiplier, 1, 1];
    const axes = graph.integers([0, 3, 4]);
    return graph.node("ReduceSum", [shares, axes], { shape, dtype: "float32" });
  });
  const shape = [sums.length, inputChannels, multiplier, 1, 1];
  const all = graph.node("Concat", sums, { shape, dtype: "float32" }, { attributes: { axis: 0 } });
  return graph.reshape(all, [...sides, inputChannels, multiplier]);
}

export const depthwiseKernels: readonly Kernel[] = [
  kernel<Fusion, DepthwiseConv2dNativeAttrs>("DepthwiseConv2dNative", (graph, inputs, attributes) =>
    forward(graph, inputs, windowsOf(inputs.x.shape, inputs.filter.shape, attributes)),
  ),
  kernel<Fusion, FusedDepthwiseConv2DAttrs>("FusedDepthwiseConv2D", (graph, inputs, attributes) =>
    forward(
      graph,
      inputs,
      windowsOf(inputs.x.shape, inputs.filter.shape, attributes as Given),
      attributes as After,
    ),
  ),
  kernel<{ dy: TensorInfo; filter: TensorInfo }, DepthwiseConv2dNativeBackpropInputAttrs>(
    "DepthwiseConv2dNativeBackpropInput",
    (graph, { dy, filter }, attributes) => {
      const windows = windowsOf(attributes.inputShape, filter.shape, attributes);
      const shape = tensorShape(inputShape(windows), windows);
      if (product(dy.shape) === 0) return graph.filled(0, shape, "float32");
      const edge = readChannelsFirst(graph, dy, windows.channelsFirst);
      return giveChannelsFirst(graph, inputGradient(graph, edge, filter, windows), windows.channelsFirst);
    },
  ),
  kernel<{ x: TensorInfo; dy: TensorInfo }, DepthwiseConv2dNativeBackpropFilterAttrs>(
    "DepthwiseConv2dNativeBackpropFilter",
    (graph, { x, dy }, attributes) => {
      const windows = windowsOf(x.shape, attributes.filterShape, attributes);
      if (product(dy.shape) === 0) return graph.filled(0, attributes.filterShape, "float32");
      const [image, gradient] = [x, dy].map((each) => readChannelsFirst(graph, each, windows.channelsFirst));
      return graph.tensor(filterGradient(graph, image!, gradient!, windows));
    },
  ),
];
