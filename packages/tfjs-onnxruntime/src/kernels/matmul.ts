/** Products of matrices. A view that swaps the last two axes is a transposed operand, which costs nothing. */
import { backend_util, broadcast_util, type TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { applyActivation } from "./activation.js";
import { castEdge, elementsOf } from "./elementwise.js";

interface Operands {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
}

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface Operand {
  readonly edge: Edge;
  readonly transposed: boolean;
}

function operand(graph: Recorder, x: TensorInfo, transposed: boolean): Operand {
  const view = graph.viewOf(x);
  const rank = x.shape.length;
  const swapped = view?.axes.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i));
  if (!view || !swapped) return { edge: castEdge(graph, graph.input(x), "float32"), transposed };
  return { edge: castEdge(graph, graph.input(view.base), "float32"), transposed: !transposed };
}

function product(graph: Recorder, { a, b }: Operands, { transposeA, transposeB }: Transposes): Edge {
  const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [rows, inner] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const [innerB, columns] = transposeB
    ? [b.shape.at(-1)!, b.shape.at(-2)!]
    : [b.shape.at(-2)!, b.shape.at(-1)!];
  if (inner !== innerB) {
    throw new Error(
      `Error in matMul: inner shapes (${inner}) and (${innerB}) of Tensors with shapes ${a.shape} and ${b.shape} and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
    );
  }
  const output = { shape: [...batch, rows, columns], dtype: "float32" } as const;
  const [left, right] = [operand(graph, a, transposeA), operand(graph, b, transposeB)];
  const edges = [left.edge, right.edge];
  const attributes = { transA: Number(left.transposed), transB: Number(right.transposed) };
  if (!left.transposed && !right.transposed) return graph.node("MatMul", edges, output);
  if (a.shape.length === 2 && b.shape.length === 2) return graph.node("Gemm", edges, output, { attributes });
  return graph.node("FusedMatMul", edges, output, { attributes, domain: "com.microsoft" });
}

interface Fusion extends Operands {
  readonly bias?: TensorInfo;
  readonly preluActivationWeights?: TensorInfo;
}

interface FusionAttributes extends Transposes {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

function fused(graph: Recorder, inputs: Fusion, attributes: FusionAttributes): TensorInfo {
  const { bias, preluActivationWeights: prelu } = inputs;
  const elements = elementsOf(graph);
  const result = product(graph, inputs, attributes);
  const shifted = bias ? elements.op("Add", [result, graph.input(bias)]) : result;
  const { activation, leakyreluAlpha } = attributes;
  return graph.tensor(
    applyActivation(elements, shifted, activation, {
      ...(prelu && { prelu: graph.input(prelu) }),
      ...(leakyreluAlpha !== undefined && { leakyreluAlpha }),
    }),
  );
}

/** Attention scores, bilinear forms: whatever letters say. */
function einsum(graph: Recorder, tensors: readonly TensorInfo[], equation: string): TensorInfo {
  const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
  backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as never);
  const letters = equation.replace(/\s/g, "");
  const sides = new Map<string, number>();
  const terms = letters.split("->")[0]!.split(",");
  for (const [i, term] of terms.entries()) {
    for (const [axis, letter] of [...term].entries()) sides.set(letter, tensors[i]!.shape[axis]!);
  }
  const shape = [...letters.split("->")[1]!].map((letter) => sides.get(letter)!);
  const edges = tensors.map((x) => castEdge(graph, graph.input(x), "float32"));
  return graph.tensor(
    graph.node("Einsum", edges, { shape, dtype: "float32" }, { attributes: { equation: letters } }),
  );
}

export const matmulKernels: readonly Kernel[] = [
  kernel<Operands, Transposes>("BatchMatMul", (graph, inputs, attributes) =>
    graph.tensor(
      castEdge(graph, product(graph, inputs, attributes), inputs.a.dtype === "int32" ? "int32" : "float32"),
    ),
  ),
  kernel<Fusion, FusionAttributes>("_FusedMatMul", fused),
  kernel<TensorInfo[], { equation: string }>("Einsum", (graph, tensors, { equation }) =>
    einsum(graph, Object.values(tensors), equation),
  ),
];
