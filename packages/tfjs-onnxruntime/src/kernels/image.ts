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
import { bilinear, isInside, type Places, pixelsAt, pixelsWhere, rounded } from "./sampling.js";

interface Image {
  readonly image: TensorInfo;
}

/** 0, 1, 2 … along an axis of [N, height, width], in float64. */
function counting(graph: Recorder, side: number, axis: number): Edge {
  const shape = [1, 1, 1].with(axis, side);
  return graph.constant({ dtype: "float64", shape, data: Float64Array.from({ length: side }, (_, i) => i) });
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
  const end = (column: number) => {
    const lists = [[column], [column + 1], [1]].map((list) => graph.integers(list));
    const shape = [corners.shape[0]!, 1];
    return graph.reshape(graph.node("Slice", [corners, ...lists], { shape, dtype: "float64" }), [
      ...shape,
      1,
    ]);
  };
  const [from, to] = [end(first), end(first + 2)];
  if (size === 1) return op("Mul", [op("Mul", [op("Add", [from, to]), double(0.5)]), double(side - 1)]);
  const step = op("Div", [op("Mul", [op("Sub", [to, from]), double(side - 1)]), double(size - 1)]);
  return op("Add", [op("Mul", [from, double(side - 1)]), op("Mul", [counting(graph, size, axis), step])]);
}

/** Output pixel (x, y) is read at ((a₀x + a₁y + a₂) / k, (b₀x + b₁y + b₂) / k) with k = c₀x + c₁y + 1. */
function transform(
  graph: Recorder,
  { image, transforms }: Image & { readonly transforms: TensorInfo },
  { interpolation, fillMode, fillValue, outputShape }: TransformAttrs,
): TensorInfo {
  const [batch, height, width] = image.shape as [number, number, number];
  const [tall, wide] = outputShape ?? [height, width];
  const { op, number } = elementsOf(graph);
  const numbers = castEdge(graph, graph.input(transforms), "float64");
  const [x, y] = [counting(graph, wide, 2), counting(graph, tall, 1)];
  const entry = (place: number) => {
    const lists = [[place], [place + 1], [1]].map((list) => graph.integers(list));
    const shape = [transforms.shape[0]!, 1];
    return graph.reshape(graph.node("Slice", [numbers, ...lists], { shape, dtype: "float64" }), [
      ...shape,
      1,
    ]);
  };
  const linear = (first: number, constant: Edge) =>
    op("Add", [op("Add", [op("Mul", [entry(first), x]), op("Mul", [entry(first + 1), y])]), constant]);
  const scale = linear(6, number(1, "float64"));
  const mapped = (first: number, side: number) =>
    placeInMode(graph, op("Div", [linear(first, entry(first + 2)), scale]), side, fillMode);
  const places: Places = {
    sample: counting(graph, batch, 0),
    row: mapped(3, height),
    column: mapped(0, width),
  };
  const read = (each: Places) =>
    pixelsWhere(
      graph,
      isInside(graph, each, [height, width]),
      pixelsAt(graph, image, each),
      number(fillValue),
    );
  const next = (edge: Edge) => op("Add", [op("Floor", [edge]), number(1, "float64")]);
  const pixels =
    interpolation === "bilinear"
      ? bilinear(graph, places, next, read)
      : read({ ...places, row: rounded(graph, places.row), column: rounded(graph, places.column) });
  const finite = op("Not", [op("Equal", [scale, number(0, "float64")], { dtype: "bool" })]);
  const result = pixelsWhere(graph, finite, pixels, number(fillValue));
  return graph.tensor(castEdge(graph, result, edgeType(image.dtype)));
}

/** Brings places outside [0, side − 1] back in, in the way asked for. */
function placeInMode(graph: Recorder, place: Edge, side: number, mode: TransformAttrs["fillMode"]): Edge {
  const { op, number } = elementsOf(graph);
  const double = (value: number) => number(value, "float64");
  const clamped = (edge: Edge) => op("Min", [op("Max", [edge, double(0)]), double(side - 1)]);
  if (mode === "constant") return place;
  if (mode === "nearest") return clamped(place);
  if (side <= 1) return op("Mul", [clamped(place), double(0)]);
  const whole = (edge: Edge, by: number) => op("Floor", [op("Div", [edge, double(by)])]);
  const below = op("Less", [place, double(0)], { dtype: "bool" });
  const above = op("Greater", [place, double(side - 1)], { dtype: "bool" });
  const choose = (condition: Edge, yes: Edge, no: Edge) =>
    op("Where", [condition, yes, no], { dtype: "float64" });
  const periods = (edge: Edge, by: number, length: number) => op("Mul", [whole(edge, by), double(length)]);
  const negated = op("Neg", [place]);
  if (mode === "wrap") {
    const up = op("Add", [place, op("Add", [periods(negated, side - 1, side), double(side)])]);
    const down = op("Sub", [place, periods(place, side - 1, side)]);
    return clamped(choose(below, up, choose(above, down, place)));
  }
  const period = 2 * side;
  const raised = op("Add", [place, periods(negated, period, period)]);
  const low = choose(
    op("Less", [raised, double(-side)], { dtype: "bool" }),
    op("Add", [raised, double(period)]),
    op("Sub", [op("Neg", [raised]), double(1)]),
  );
  const lowered = op("Sub", [place, periods(place, period, period)]);
  const high = choose(
    op("GreaterOrEqual", [lowered, double(side)], { dtype: "bool" }),
    op("Sub", [double(period - 1), lowered]),
    lowered,
  );
  return clamped(choose(below, low, choose(above, high, place)));
}

export const imageKernels: readonly Kernel[] = [
  kernel<Image>("FlipLeftRight", (graph, { image }) => flipLeftRight(graph, image)),
  kernel<Image, RotateWithOffsetAttrs>("RotateWithOffset", (graph, { image }, attributes) =>
    rotate(graph, image, attributes),
  ),
  kernel<Boxes, CropAndResizeAttrs>("CropAndResize", cropAndResize),
  kernel<Image & { transforms: TensorInfo }, TransformAttrs>("Transform", transform),
];
