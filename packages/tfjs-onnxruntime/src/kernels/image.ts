/** Kernels on images [N, H, W, C] that move pixels. */
import {
  backend_util,
  type CropAndResizeAttrs,
  type RotateWithOffsetAttrs,
  type TensorInfo,
  type TransformAttrs,
  util,
} from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { castEdge, edgeType, elementsOf } from "./elementwise.js";
import {
  bilinear,
  columnOf,
  counting,
  isInside,
  type Places,
  pixelsAt,
  pixelsWhere,
  rounded,
} from "./sampling.js";
import { transform } from "./transform.js";

interface Image {
  readonly image: TensorInfo;
}

function flipLeftRight(graph: Recorder, image: TensorInfo): TensorInfo {
  const edge = graph.input(image);
  const lists = [[-1], [-image.shape[2]! - 1], [2], [-1]].map((list) => graph.integers(list));
  return graph.tensor(graph.node("Slice", [edge, ...lists], edge));
}

/** The host knows the angle, so it knows all places. */
function rotate(
  graph: Recorder,
  image: TensorInfo,
  { radians, fillValue, center }: RotateWithOffsetAttrs,
): TensorInfo {
  const [batch, height, width, channels] = image.shape as [number, number, number, number];
  const [centerX, centerY] = backend_util.getImageCenter(center, height, width);
  const [sine, cosine] = [Math.sin(radians), Math.cos(radians)];
  const place = (turn: (x: number, y: number) => number) => {
    const data = Float64Array.from({ length: height * width }, (_, i) =>
      Math.round(turn((i % width) - centerX, Math.floor(i / width) - centerY)),
    );
    return graph.constant({ dtype: "float64", shape: [1, height, width], data });
  };
  const places: Places = {
    sample: counting(graph, batch, 0),
    row: place((x, y) => x * sine + y * cosine + centerY),
    column: place((x, y) => x * cosine - y * sine + centerX),
  };
  const fill = Float32Array.from({ length: channels }, (_, channel) => {
    if (typeof fillValue === "number") return fillValue;
    return channel === 3 ? OPAQUE : fillValue[channel]!;
  });
  const around = graph.constant({ dtype: "float32", shape: [channels], data: fill });
  const inside = isInside(graph, places, [height, width]);
  const turned = pixelsWhere(graph, inside, pixelsAt(graph, image, places), around);
  return graph.tensor(castEdge(graph, turned, edgeType(image.dtype)));
}

/** What TensorFlow.js fills a fourth channel with. */
const OPAQUE = 255;

interface Boxes extends Image {
  readonly boxes: TensorInfo;
  readonly boxInd: TensorInfo;
}

function cropAndResize(
  graph: Recorder,
  { image, boxes, boxInd }: Boxes,
  { cropSize, method, extrapolationValue }: CropAndResizeAttrs,
): TensorInfo {
  const [batch, height, width, channels] = image.shape as [number, number, number, number];
  const count = boxes.shape[0]!;
  const shape = [count, ...cropSize, channels];
  if (util.sizeFromShape(shape) === 0) return graph.filled(0, shape, "float32");
  const { op, number } = elementsOf(graph);
  const corners = castEdge(graph, graph.input(boxes), "float64");
  const places: Places = {
    sample: graph.reshape(castEdge(graph, graph.input(boxInd), "float64"), [count, 1, 1]),
    row: alongBox(graph, corners, { first: 0, side: height, size: cropSize[0], axis: 1 }),
    column: alongBox(graph, corners, { first: 1, side: width, size: cropSize[1], axis: 2 }),
  };
  const read = (each: Places) => pixelsAt(graph, image, each);
  const pixels =
    method === "bilinear"
      ? bilinear(graph, places, (edge) => op("Ceil", [edge]), read)
      : read({ ...places, row: rounded(graph, places.row), column: rounded(graph, places.column) });
  const inside = isInside(graph, places, [height, width]);
  const cropped = pixelsWhere(graph, inside, pixels, number(extrapolationValue));
  const known = op("Less", [places.sample, number(batch, "float64")], { dtype: "bool" });
  return graph.tensor(graph.expand(pixelsWhere(graph, known, cropped, number(0)), shape));
}

interface Side {
  /** Place of the box's lower end among its four numbers; the upper one is two further. */
  readonly first: number;
  readonly side: number;
  readonly size: number;
  readonly axis: number;
}

/** Where the pixels of a crop are read along one axis. */
function alongBox(graph: Recorder, corners: Edge, { first, side, size, axis }: Side): Edge {
  const { op, number } = elementsOf(graph);
  const double = (value: number) => number(value, "float64");
  const [from, to] = [first, first + 2].map((column) => columnOf(graph, corners, column)) as [Edge, Edge];
  if (size === 1) return op("Mul", [op("Mul", [op("Add", [from, to]), double(0.5)]), double(side - 1)]);
  const step = op("Div", [op("Mul", [op("Sub", [to, from]), double(side - 1)]), double(size - 1)]);
  return op("Add", [op("Mul", [from, double(side - 1)]), op("Mul", [counting(graph, size, axis), step])]);
}

export const imageKernels: readonly Kernel[] = [
  kernel<Image>("FlipLeftRight", (graph, { image }) => flipLeftRight(graph, image)),
  kernel<Image, RotateWithOffsetAttrs>("RotateWithOffset", (graph, { image }, attributes) =>
    rotate(graph, image, attributes),
  ),
  kernel<Boxes, CropAndResizeAttrs>("CropAndResize", cropAndResize),
  kernel<Image & { transforms: TensorInfo }, TransformAttrs>("Transform", transform),
];
