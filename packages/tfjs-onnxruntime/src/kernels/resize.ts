/** Images in other sizes, and the gradients. */
import type { ResizeBilinearAttrs, ResizeNearestNeighborAttrs, TensorInfo } from "@tensorflow/tfjs-core";
import { type Edge, sameShape } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { giveChannelsFirst, readChannelsFirst } from "./channels.js";
import { castEdge, edgeType } from "./elementwise.js";
import { product } from "./windows.js";

interface Correspondence {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

/** Pixels of the source that a pixel of the result is made of, and their shares. */
type Shares = readonly { readonly place: number; readonly share: number }[];

function ratio(from: number, to: number, alignCorners: boolean): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

function bilinearShares(
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: Correspondence,
): Shares[] {
  const step = ratio(from, to, alignCorners);
  return Array.from({ length: to }, (_, i) => {
    const place = Math.max(0, halfPixelCenters ? step * (i + 0.5) - 0.5 : step * i);
    const lower = Math.min(from - 1, Math.floor(place));
    const upper = Math.min(from - 1, Math.ceil(place));
    const share = place - Math.floor(place);
    return [
      { place: lower, share: 1 - share },
      { place: upper, share },
    ];
  });
}

function nearestPlaces(
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: Correspondence,
): number[] {
  const step = ratio(from, to, alignCorners);
  return Array.from({ length: to }, (_, i) => {
    const place = halfPixelCenters ? step * (i + 0.5) : step * i;
    return Math.min(from - 1, alignCorners ? Math.round(place) : Math.floor(place));
  });
}

/** The matrix [to, from] that resizes one axis. */
function resizingMatrix(graph: Recorder, shares: readonly Shares[], from: number): Edge {
  const data = new Float32Array(shares.length * from);
  shares.forEach((each, row) => {
    for (const { place, share } of each) data[row * from + place]! += share;
  });
  return graph.constant({ dtype: "float32", shape: [shares.length, from], data });
}

function bilinear(
  graph: Recorder,
  images: TensorInfo,
  { size, ...correspondence }: ResizeBilinearAttrs,
): TensorInfo {
  const edge = readChannelsFirst(graph, images, false);
  const shape = [...edge.shape.slice(0, 2), ...size];
  if (product(shape) === 0) return graph.filled(0, [shape[0]!, ...size, shape[1]!], "float32");
  if (sameShape(shape, edge.shape)) return giveChannelsFirst(graph, edge, false);
  const empty = graph.constant({ dtype: "float32", shape: [0], data: new Float32Array(0) });
  const attributes = { mode: "linear", coordinate_transformation_mode: transformation(correspondence) };
  const inputs = [edge, empty, empty, graph.integers(shape)];
  return giveChannelsFirst(
    graph,
    graph.node("Resize", inputs, { shape, dtype: "float32" }, { attributes }),
    false,
  );
}

function transformation({ alignCorners, halfPixelCenters }: Correspondence): string {
  if (alignCorners) return "align_corners";
  return halfPixelCenters ? "half_pixel" : "asymmetric";
}

/** Rows and columns picked by number: rounding is TensorFlow.js's own. */
function nearest(
  graph: Recorder,
  images: TensorInfo,
  { size, ...correspondence }: ResizeNearestNeighborAttrs,
): TensorInfo {
  const numbers = images.dtype === "int32" ? edgeType("int32") : edgeType("float32");
  const edge = castEdge(graph, graph.reordered(images, [0, 3, 1, 2]), numbers);
  const [batch, channels, height, width] = edge.shape as [number, number, number, number];
  const shape = [batch, channels, ...size];
  if (product(shape) === 0) return graph.filled(0, [batch, ...size, channels], images.dtype);
  const factors = [size[0] / height, size[1] / width];
  // Doubling has a loop of its own in ONNX Runtime, nine times faster than repeating.
  if (!correspondence.alignCorners && numbers === "float32" && factors.every((factor) => factor === 2))
    return giveChannelsFirst(graph, doubled(graph, edge), false);
  if (!correspondence.alignCorners && factors.every(Number.isInteger)) {
    const spread = [batch, channels, height, factors[0]!, width, factors[1]!];
    const repeated = graph.expand(graph.reshape(edge, [batch, channels, height, 1, width, 1]), spread);
    return giveChannelsFirst(graph, graph.reshape(repeated, shape), false, images.dtype);
  }
  const rows = picked(graph, edge, 2, nearestPlaces(height, size[0], correspondence));
  const pixels = picked(graph, rows, 3, nearestPlaces(width, size[1], correspondence));
  return giveChannelsFirst(graph, pixels, false, images.dtype);
}

function doubled(graph: Recorder, edge: Edge): Edge {
  const [batch, channels, height, width] = edge.shape as [number, number, number, number];
  const empty = graph.constant({ dtype: "float32", shape: [0], data: new Float32Array(0) });
  const scales = graph.constant({ dtype: "float32", shape: [4], data: Float32Array.of(1, 1, 2, 2) });
  const attributes = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  const shape = [batch, channels, 2 * height, 2 * width];
  return graph.node("Resize", [edge, empty, scales], { shape, dtype: "float32" }, { attributes });
}

function picked(graph: Recorder, edge: Edge, axis: number, places: readonly number[]): Edge {
  const shape = [...edge.shape];
  shape[axis] = places.length;
  const indices = graph.constant({ dtype: "int32", shape: [places.length], data: Int32Array.from(places) });
  return graph.node("Gather", [edge, indices], { shape, dtype: edge.dtype }, { attributes: { axis } });
}

/** Each axis is resized by a matrix, so the gradient is two products with the transposed ones. */
function gradient(
  graph: Recorder,
  images: TensorInfo,
  dy: TensorInfo,
  sharesOf: (from: number, to: number) => Shares[],
): TensorInfo {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  if (product(dy.shape) === 0) return graph.filled(0, images.shape, "float32");
  const edge = readChannelsFirst(graph, dy, false);
  const [tall, wide] = [edge.shape[2]!, edge.shape[3]!];
  const narrowed = multiplied(graph, edge, resizingMatrix(graph, sharesOf(width, wide), width), [
    batch,
    channels,
    tall,
    width,
  ]);
  const upright = graph.transpose(resizingMatrix(graph, sharesOf(height, tall), height), [1, 0]);
  return giveChannelsFirst(
    graph,
    multiplied(graph, upright, narrowed, [batch, channels, height, width]),
    false,
  );
}

function multiplied(graph: Recorder, a: Edge, b: Edge, shape: readonly number[]): Edge {
  return graph.node("MatMul", [a, b], { shape, dtype: "float32" });
}

interface Gradient {
  readonly images: TensorInfo;
  readonly dy: TensorInfo;
}

export const resizeKernels: readonly Kernel[] = [
  kernel<{ images: TensorInfo }, ResizeBilinearAttrs>("ResizeBilinear", (graph, { images }, attributes) =>
    bilinear(graph, images, attributes),
  ),
  kernel<Gradient, Correspondence>("ResizeBilinearGrad", (graph, { images, dy }, correspondence) =>
    gradient(graph, images, dy, (from, to) => bilinearShares(from, to, correspondence)),
  ),
  kernel<{ images: TensorInfo }, ResizeNearestNeighborAttrs>(
    "ResizeNearestNeighbor",
    (graph, { images }, attributes) => nearest(graph, images, attributes),
  ),
  kernel<Gradient, Correspondence>("ResizeNearestNeighborGrad", (graph, { images, dy }, correspondence) =>
    gradient(graph, images, dy, (from, to) =>
      nearestPlaces(from, to, correspondence).map((place) => [{ place, share: 1 }]),
    ),
  ),
];
