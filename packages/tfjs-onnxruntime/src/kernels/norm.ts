/** Normalising by given means and variances, and by the neighbouring channels. */
import type { FusedBatchNormAttrs, LRNAttrs, TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { giveChannelsFirst, readChannelsFirst } from "./channels.js";
import { type Elements, elementsOf, elementwise } from "./elementwise.js";

interface BatchNorm {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo;
  readonly offset?: TensorInfo;
}

/** tfjs-core's default. */
const VARIANCE_EPSILON = 0.001;

/** (x − mean) · scale / √(variance + ε) + offset; the mean goes first, so that a large one takes no digits along. */
function batchNorm(graph: Recorder, inputs: BatchNorm, { varianceEpsilon }: FusedBatchNormAttrs): TensorInfo {
  const { x, mean, variance, scale, offset } = inputs;
  const given = [x, mean, variance, ...(scale ? [scale] : []), ...(offset ? [offset] : [])];
  return elementwise(graph, given, ({ op, number }, value, middle, spread, ...rest) => {
    const deviation = op("Sqrt", [op("Add", [spread!, number(varianceEpsilon ?? VARIANCE_EPSILON)])]);
    const factor = scale ? op("Div", [rest.shift()!, deviation]) : op("Reciprocal", [deviation]);
    const scaled = op("Mul", [op("Sub", [value!, middle!]), factor]);
    return offset ? op("Add", [scaled, rest[0]!]) : scaled;
  });
}

/** x · (bias + α Σ x²)^−β, the sum over channels up to `depthRadius` away. */
function localResponse(graph: Recorder, x: TensorInfo, attributes: LRNAttrs): TensorInfo {
  const edge = readChannelsFirst(graph, x, false);
  const { op } = elementsOf(graph);
  const scale = op("Pow", [norms(graph, edge, attributes), graph.number(-attributes.beta)]);
  return giveChannelsFirst(graph, op("Mul", [edge, scale]), false, x.dtype);
}

function norms(graph: Recorder, x: Edge, { depthRadius, bias, alpha }: LRNAttrs): Edge {
  const { op, number } = elementsOf(graph);
  const sums = neighbourSums(graph, op("Mul", [x, x]), depthRadius);
  return op("Add", [op("Mul", [sums, number(alpha)]), number(bias)]);
}

/** Sums of [N, C, H, W] over channels up to a radius away. */
function neighbourSums(graph: Recorder, edge: Edge, radius: number): Edge {
  const [batch, channels, height, width] = edge.shape as [number, number, number, number];
  const reach = Math.min(Math.floor(radius), channels);
  const columns = graph.reshape(edge, [batch, 1, channels, height * width]);
  const attributes = { kernel_shape: [2 * reach + 1, 1], pads: [reach, 0, reach, 0], count_include_pad: 1 };
  const means = graph.node("AveragePool", [columns], columns, { attributes });
  const sums = elementsOf(graph).op("Mul", [means, graph.number(2 * reach + 1)]);
  return graph.reshape(sums, edge.shape);
}

/** dy · norm^−β − 2αβ · x · Σ dy·y / norm: a channel is in the sums of those that are in its own. */
function localResponseGradient(
  graph: Recorder,
  { x, y, dy }: { readonly x: TensorInfo; readonly y: TensorInfo; readonly dy: TensorInfo },
  attributes: LRNAttrs,
): TensorInfo {
  const { alpha, beta, depthRadius } = attributes;
  const elements: Elements = elementsOf(graph);
  const { op, number } = elements;
  const [input, output, gradient] = [x, y, dy].map((each) => readChannelsFirst(graph, each, false));
  const norm = norms(graph, input!, attributes);
  const own = op("Mul", [gradient!, op("Pow", [norm, number(-beta)])]);
  const shares = neighbourSums(graph, op("Div", [op("Mul", [gradient!, output!]), norm]), depthRadius);
  const others = op("Mul", [op("Mul", [input!, shares]), number(2 * alpha * beta)]);
  return giveChannelsFirst(graph, op("Sub", [own, others]), false, x.dtype);
}

export const normKernels: readonly Kernel[] = [
  kernel<BatchNorm, FusedBatchNormAttrs>("FusedBatchNorm", batchNorm),
  kernel<{ x: TensorInfo }, LRNAttrs>("LRN", (graph, { x }, attributes) =>
    localResponse(graph, x, attributes),
  ),
  kernel<{ x: TensorInfo; y: TensorInfo; dy: TensorInfo }, LRNAttrs>("LRNGrad", localResponseGradient),
];
