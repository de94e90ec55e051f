/** Pixels read at places that are computed: turned, transformed and cropped images. Places are in float64, as TensorFlow.js has them. */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { castEdge, elementsOf } from "./elementwise.js";

/** Rows and columns to read, [N, height, width] or shapes that broadcast to it, in float64. */
export interface Places {
  /** Which image, [N, 1, 1], in float64. */
  readonly sample: Edge;
  readonly row: Edge;
  readonly column: Edge;
}

/** Pixels [N, height, width, C] of images [·, H, W, C] at whole places; places outside read something, to be replaced. */
export function pixelsAt(graph: Recorder, images: TensorInfo, { sample, row, column }: Places): Edge {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const { op, number } = elementsOf(graph);
  const inside = (edge: Edge, side: number) => {
    const known = op("Where", [op("IsNaN", [edge], { dtype: "bool" }), number(0, "float64"), edge], {
      dtype: "float64",
    });
    return op("Min", [op("Max", [known, number(0, "float64")]), number(side - 1, "float64")]);
  };
  const lines = op("Add", [
    op("Mul", [inside(sample, batch), number(height, "float64")]),
    inside(row, height),
  ]);
  const places = op("Add", [op("Mul", [lines, number(width, "float64")]), inside(column, width)]);
  const flat = graph.reshape(castEdge(graph, graph.input(images), "float32"), [
    batch * height * width,
    channels,
  ]);
  const output = { shape: [...places.shape, channels], dtype: "float32" } as const;
  return graph.node("Gather", [flat, castEdge(graph, places, "int32")], output, { attributes: { axis: 0 } });
}

/** 0 ≤ place ≤ side − 1, on both axes. */
export function isInside(graph: Recorder, { row, column }: Places, [height, width]: readonly number[]): Edge {
  const { op, number } = elementsOf(graph);
  const within = (edge: Edge, side: number) =>
    op("And", [
      op("GreaterOrEqual", [edge, number(0, "float64")], { dtype: "bool" }),
      op("LessOrEqual", [edge, number(side - 1, "float64")], { dtype: "bool" }),
    ]);
  return op("And", [within(row, height!), within(column, width!)]);
}

/** Where a condition [N, height, width] holds the pixels, elsewhere a number or one per channel. */
export function pixelsWhere(graph: Recorder, condition: Edge, pixels: Edge, otherwise: Edge): Edge {
  const each = graph.reshape(condition, [...condition.shape, 1]);
  return elementsOf(graph).op("Where", [each, pixels, otherwise], { dtype: "float32" });
}

/** JavaScript's rounding: halves go up. */
export function rounded(graph: Recorder, edge: Edge): Edge {
  const { op, number } = elementsOf(graph);
  return op("Floor", [op("Add", [edge, number(0.5, "float64")])]);
}

/** Mixes four neighbours: `read` gives the pixels at whole places. */
export function bilinear(
  graph: Recorder,
  { sample, row, column }: Places,
  upper: (edge: Edge) => Edge,
  read: (places: Places) => Edge,
): Edge {
  const { op } = elementsOf(graph);
  const [top, left] = [row, column].map((edge) => op("Floor", [edge]));
  const [bottom, right] = [upper(row), upper(column)];
  const share = (edge: Edge, floor: Edge) => {
    const part = castEdge(graph, op("Sub", [edge, floor]), "float32");
    return graph.reshape(part, [...part.shape, 1]);
  };
  const mixed = (a: Edge, b: Edge, part: Edge) => op("Add", [a, op("Mul", [op("Sub", [b, a]), part])]);
  const across = (line: Edge) =>
    mixed(
      read({ sample, row: line, column: left! }),
      read({ sample, row: line, column: right }),
      share(column, left!),
    );
  return mixed(across(top!), across(bottom), share(row, top!));
}

/** 0, 1, 2 … along an axis of [N, height, width], in float64. */
export function counting(graph: Recorder, side: number, axis: number): Edge {
  const shape = [1, 1, 1].with(axis, side);
  return graph.constant({ dtype: "float64", shape, data: Float64Array.from({ length: side }, (_, i) => i) });
}

/** One column of a float64 matrix [N, ·], as [N, 1, 1]. */
export function columnOf(graph: Recorder, matrix: Edge, column: number): Edge {
  const lists = [[column], [column + 1], [1]].map((list) => graph.integers(list));
  const shape = [matrix.shape[0]!, 1];
  return graph.reshape(graph.node("Slice", [matrix, ...lists], { shape, dtype: "float64" }), [...shape, 1]);
}
