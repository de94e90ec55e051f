/** Convolutions over two and three axes, with what may be fused onto them, and their gradients. */
import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type Conv3DAttrs,
  type Conv3DBackpropFilterV2Attrs,
  type Conv3DBackpropInputV2Attrs,
  type FusedConv2DAttrs,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { giveChannelsFirst, readChannelsFirst } from "./channels.js";
import { convolveTensors, inputGradient } from "./convolution.js";
import { castEdge, edgeType } from "./elementwise.js";
import { filterGradient } from "./filter-gradient.js";
import { type After, activated, type Fusion, tensorShape, withBias } from "./fusion.js";
import { inputShape, outputShape, product, type Windows, windows2d, windows3d } from "./windows.js";

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

function windowsOf2d(
  input: number[],
  filter: number[],
  { strides, pad, dataFormat, dimRoundingMode }: Omit<Conv2DAttrs, "dilations">,
  dilations: Conv2DAttrs["dilations"] = 1,
): Windows {
  const format = backend_util.convertConv2DDataFormat(dataFormat);
  return windows2d(
    backend_util.computeConv2DInfo(
      input as Shape4,
      filter as Shape4,
      strides,
      dilations,
      pad,
      dimRoundingMode,
      false,
      format,
    ),
  );
}

function windowsOf3d(
  input: number[],
  filter: number[],
  { strides, pad }: Pick<Conv3DAttrs, "strides" | "pad">,
  dilations: Conv3DAttrs["dilations"] = 1,
): Windows {
  return windows3d(
    backend_util.computeConv3DInfo(input as Shape5, filter as Shape5, strides, dilations, pad),
  );
}

function forward(graph: Recorder, inputs: Fusion, windows: Windows, after: After = {}): TensorInfo {
  const { x, filter } = inputs;
  const { channelsFirst } = windows;
  if (product(outputShape(windows)) === 0)
    return graph.filled(0, tensorShape(outputShape(windows), windows), x.dtype);
  const given = { x: readChannelsFirst(graph, x, channelsFirst), filter };
  const finished = withBias(graph, inputs, windows, (bias) =>
    convolveTensors(graph, { ...given, ...(bias && { bias }) }, windows),
  );
  return giveChannelsFirst(graph, activated(graph, finished, inputs, windows, after), channelsFirst, x.dtype);
}

function backToInput(graph: Recorder, dy: TensorInfo, filter: TensorInfo, windows: Windows): TensorInfo {
  const { channelsFirst } = windows;
  const shape = tensorShape(inputShape(windows), windows);
  if (util.sizeFromShape(dy.shape) === 0) return graph.filled(0, shape, dy.dtype);
  const dx = inputGradient(graph, readChannelsFirst(graph, dy, channelsFirst), filter, windows);
  return giveChannelsFirst(graph, dx, channelsFirst, dy.dtype);
}

function backToFilter(graph: Recorder, x: TensorInfo, dy: TensorInfo, windows: Windows): TensorInfo {
  const shape = [...windows.kernel, windows.inputChannels, windows.outputChannels];
  if (util.sizeFromShape(dy.shape) === 0) return graph.filled(0, shape, "float32");
  return graph.tensor(castEdge(graph, filterGradient(graph, x, dy, windows), edgeType("float32")));
}

interface ToFilter {
  readonly x: TensorInfo;
  readonly dy: TensorInfo;
}

interface ToInput {
  readonly dy: TensorInfo;
  readonly filter: TensorInfo;
}

export const convKernels: readonly Kernel[] = [
  kernel<Fusion, Conv2DAttrs>("Conv2D", (graph, inputs, attributes) =>
    forward(
      graph,
      inputs,
      windowsOf2d(inputs.x.shape, inputs.filter.shape, attributes, attributes.dilations),
    ),
  ),
  kernel<Fusion, FusedConv2DAttrs>("FusedConv2D", (graph, inputs, attributes) =>
    forward(
      graph,
      inputs,
      windowsOf2d(inputs.x.shape, inputs.filter.shape, attributes, attributes.dilations),
      attributes as After,
    ),
  ),
  kernel<ToInput, Conv2DBackpropInputAttrs>("Conv2DBackpropInput", (graph, { dy, filter }, attributes) =>
    backToInput(graph, dy, filter, windowsOf2d(attributes.inputShape, filter.shape, attributes)),
  ),
  kernel<ToFilter, Conv2DBackpropFilterAttrs>("Conv2DBackpropFilter", (graph, { x, dy }, attributes) =>
    backToFilter(graph, x, dy, windowsOf2d(x.shape, attributes.filterShape, attributes)),
  ),
  kernel<Fusion, Conv3DAttrs>("Conv3D", (graph, inputs, attributes) =>
    forward(
      graph,
      inputs,
      windowsOf3d(inputs.x.shape, inputs.filter.shape, attributes, attributes.dilations),
    ),
  ),
  kernel<ToInput, Conv3DBackpropInputV2Attrs>("Conv3DBackpropInputV2", (graph, { dy, filter }, attributes) =>
    backToInput(graph, dy, filter, windowsOf3d(attributes.inputShape, filter.shape, attributes)),
  ),
  kernel<ToFilter, Conv3DBackpropFilterV2Attrs>("Conv3DBackpropFilterV2", (graph, { x, dy }, attributes) =>
    backToFilter(graph, x, dy, windowsOf3d(x.shape, attributes.filterShape, attributes)),
  ),
];
