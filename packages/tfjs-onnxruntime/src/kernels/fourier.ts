/** Complex numbers, kept as two tensors, and discrete Fourier transforms along the last axis. */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import type { Value } from "../graph/value.js";
import { type Kernel, kernel } from "../kernel.js";
import { elementsOf } from "./elementwise.js";

interface Parts {
  readonly real: TensorInfo;
  readonly imag: TensorInfo;
}

/** The parts of a complex tensor, in its shape. */
function partsOf({ dataId, shape }: TensorInfo): Parts {
  const { state } = dataId as Value;
  if (state.kind !== "complex") throw new Error("this kernel of the onnxruntime backend is for complex64");
  return { real: { ...state.real, shape }, imag: { ...state.imag, shape } };
}

/** Takes both parts over. */
function complex(graph: Recorder, { real, imag }: Parts): TensorInfo {
  return graph.info(graph.values.create({ kind: "complex", real, imag }, real.shape, "float32"), "complex64");
}

function magnitude(graph: Recorder, x: TensorInfo): TensorInfo {
  const { op, number } = elementsOf(graph);
  const { real, imag } = partsOf(x);
  const [a, b] = [real, imag].map((part) => op("Abs", [graph.input(part)]));
  const [large, small] = [op("Max", [a!, b!]), op("Min", [a!, b!])];
  // Squares of large numbers overflow and those of small ones vanish, a ratio's does neither.
  const ratio = op("Div", [small, op("Max", [large, number(TINY)])]);
  return graph.tensor(op("Mul", [large, op("Sqrt", [op("Add", [op("Mul", [ratio, ratio]), number(1)])])]));
}

/** The smallest float32 of full precision. */
const TINY = 1.1754943508222875e-38;

function transformed(graph: Recorder, input: TensorInfo, inverse: boolean): TensorInfo {
  const { real, imag } = partsOf(input);
  const { shape } = input;
  const length = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((product, side) => product * side, 1);
  const column = (part: TensorInfo) => graph.reshape(graph.input(part), [rows, length, 1]);
  const both = { shape: [rows, length, 2], dtype: "float32" } as const;
  const pairs = graph.node("Concat", [column(real), column(imag)], both, { attributes: { axis: 2 } });
  const size = graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(length)) });
  const axis = graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(1n) });
  const result = graph.node("DFT", [pairs, size, axis], both, { attributes: { inverse: Number(inverse) } });
  const part = (place: number) => graph.tensor(graph.reshape(piece(graph, result, place), shape));
  return complex(graph, { real: part(0), imag: part(1) });
}

function piece(graph: Recorder, edge: Edge, place: number): Edge {
  const lists = [[place], [place + 1], [2]].map((list) => graph.integers(list));
  const shape = [...edge.shape.slice(0, 2), 1];
  return graph.node("Slice", [edge, ...lists], { shape, dtype: edge.dtype });
}

export const fourierKernels: readonly Kernel[] = [
  kernel<Parts>("Complex", (graph, { real, imag }) =>
    complex(graph, { real: graph.same(real), imag: graph.same(imag) }),
  ),
  kernel<{ input: TensorInfo }>("Real", (graph, { input }) => graph.same(partsOf(input).real)),
  kernel<{ input: TensorInfo }>("Imag", (graph, { input }) => graph.same(partsOf(input).imag)),
  kernel<{ x: TensorInfo }>("ComplexAbs", (graph, { x }) => magnitude(graph, x)),
  kernel<{ input: TensorInfo }>("FFT", (graph, { input }) => transformed(graph, input, false)),
  kernel<{ input: TensorInfo }>("IFFT", (graph, { input }) => transformed(graph, input, true)),
];
