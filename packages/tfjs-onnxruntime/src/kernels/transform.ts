/** Projective transforms of images, and what is seen outside of them. */
import type { TensorInfo, TransformAttrs } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { castEdge, type Elements, edgeType, elementsOf } from "./elementwise.js";
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

interface Inputs {
  readonly image: TensorInfo;
  readonly transforms: TensorInfo;
}

/** Output pixel (x, y) is read at ((a₀x + a₁y + a₂) / k, (b₀x + b₁y + b₂) / k) with k = c₀x + c₁y + 1. */
export function transform(
  graph: Recorder,
  { image, transforms }: Inputs,
  { interpolation, fillMode, fillValue, outputShape }: TransformAttrs,
): TensorInfo {
  const [batch, height, width] = image.shape as [number, number, number];
  const { op, number } = elementsOf(graph);
  const linear = linearForms(graph, transforms, outputShape ?? [height, width]);
  const scale = linear(6, number(1, "float64"));
  const mapped = (first: number, side: number) => {
    const place = op("Div", [linear(first, undefined), scale]);
    return placeInMode(graph, place, side, fillMode);
  };
  const sample = counting(graph, batch, 0);
  const places: Places = { sample, row: mapped(3, height), column: mapped(0, width) };
  const read = (each: Places) => {
    const pixels = pixelsAt(graph, image, each);
    return pixelsWhere(graph, isInside(graph, each, [height, width]), pixels, number(fillValue));
  };
  const next = (edge: Edge) => op("Add", [op("Floor", [edge]), number(1, "float64")]);
  const pixels =
    interpolation === "bilinear"
      ? bilinear(graph, places, next, read)
      : read({ ...places, row: rounded(graph, places.row), column: rounded(graph, places.column) });
  const finite = op("Not", [op("Equal", [scale, number(0, "float64")], { dtype: "bool" })]);
  const result = pixelsWhere(graph, finite, pixels, number(fillValue));
  return graph.tensor(castEdge(graph, result, edgeType(image.dtype)));
}

/** Gives t₀x + t₁y + t₂ at every output pixel, from three neighbouring entries of the transforms, or two and a constant. */
function linearForms(
  graph: Recorder,
  transforms: TensorInfo,
  [tall, wide]: readonly number[],
): (first: number, constant: Edge | undefined) => Edge {
  const { op } = elementsOf(graph);
  const numbers = castEdge(graph, graph.input(transforms), "float64");
  const entry = (place: number) => columnOf(graph, numbers, place);
  const [x, y] = [counting(graph, wide!, 2), counting(graph, tall!, 1)];
  return (first, constant) => {
    const sum = op("Add", [op("Mul", [entry(first), x]), op("Mul", [entry(first + 1), y])]);
    return op("Add", [sum, constant ?? entry(first + 2)]);
  };
}

/** Brings places outside [0, side − 1] back in, in the way asked for. */
function placeInMode(graph: Recorder, place: Edge, side: number, mode: TransformAttrs["fillMode"]): Edge {
  if (mode === "constant") return place;
  const { op, number } = elementsOf(graph);
  const clamped = (edge: Edge) =>
    op("Min", [op("Max", [edge, number(0, "float64")]), number(side - 1, "float64")]);
  if (mode === "nearest") return clamped(place);
  if (side <= 1) return op("Mul", [clamped(place), number(0, "float64")]);
  const [below, above] = (mode === "wrap" ? wrapped : reflected)(elementsOf(graph), place, side);
  const isBelow = op("Less", [place, number(0, "float64")], { dtype: "bool" });
  const isAbove = op("Greater", [place, number(side - 1, "float64")], { dtype: "bool" });
  const high = op("Where", [isAbove, above, place], { dtype: "float64" });
  return clamped(op("Where", [isBelow, below, high], { dtype: "float64" }));
}

/** ⌊place / by⌋ · length. */
function periods({ op, number }: Elements, place: Edge, by: number, length: number): Edge {
  const count = op("Floor", [op("Div", [place, number(by, "float64")])]);
  return op("Mul", [count, number(length, "float64")]);
}

/** [abcd|abcd|abcd]: where places below and places above the image are. */
function wrapped(elements: Elements, place: Edge, side: number): [below: Edge, above: Edge] {
  const { op, number } = elements;
  const turns = periods(elements, op("Neg", [place]), side - 1, side);
  const below = op("Add", [place, op("Add", [turns, number(side, "float64")])]);
  return [below, op("Sub", [place, periods(elements, place, side - 1, side)])];
}

/** [dcba|abcd|dcba]: where places below and places above the image are. */
function reflected(elements: Elements, place: Edge, side: number): [below: Edge, above: Edge] {
  const { op, number } = elements;
  const double = (value: number) => number(value, "float64");
  const period = 2 * side;
  const raised = op("Add", [place, periods(elements, op("Neg", [place]), period, period)]);
  const far = op("Less", [raised, double(-side)], { dtype: "bool" });
  const mirrored = op("Sub", [op("Neg", [raised]), double(1)]);
  const below = op("Where", [far, op("Add", [raised, double(period)]), mirrored], { dtype: "float64" });
  const lowered = op("Sub", [place, periods(elements, place, period, period)]);
  const second = op("GreaterOrEqual", [lowered, double(side)], { dtype: "bool" });
  const back = op("Sub", [double(period - 1), lowered]);
  return [below, op("Where", [second, back, lowered], { dtype: "float64" })];
}
