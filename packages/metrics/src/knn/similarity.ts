/** Cosine similarities of a block of queries with a block of the bank, and the largest of each query, as one ONNX graph. */
import { createGraph } from "@difftap/onnx-graph";
import * as ort from "onnxruntime-node";
import { allFinite, checkFinite, type Matrix } from "../inputs.js";

/** Rows `start` … `end` of a matrix, ready to be multiplied. */
export interface Block {
  readonly rows: ort.Tensor;
  /** 1 / length of each row; 0 for a row of zeros, which is then similar to nothing. */
  readonly inverseLengths: Float32Array;
}

export interface Best {
  /** [queries, k], descending; of equal ones the lower index first. */
  readonly similarities: Float32Array;
  /** Row within the bank's block, like `similarities`. */
  readonly indices: BigInt64Array;
}

/** In: queries [m, d], bank [n, d], their inverse lengths [m, 1] and [1, n], k [1]. Out: similarities, indices [m, k]. */
function similarityGraph(dimensions: number): Uint8Array {
  const graph = createGraph({ name: "cosine-neighbours" });
  const queries = graph.input("queries", "float32", ["m", dimensions]);
  const bank = graph.input("bank", "float32", ["n", dimensions]);
  const queryScale = graph.input("queryScale", "float32", ["m", 1]);
  const bankScale = graph.input("bankScale", "float32", [1, "n"]);
  const k = graph.input("k", "int64", [1]);
  const products = graph.node("Gemm", [queries, bank], { transB: 1 });
  const cosines = graph.node("Mul", [graph.node("Mul", [products, bankScale]), queryScale]);
  const [values, indices] = graph.node("TopK", [cosines, k], { axis: 1, sorted: 1 }, { outputs: 2 });
  graph.output(values!, "similarities", "float32", ["m", "k"]);
  graph.output(indices!, "indices", "int64", ["m", "k"]);
  return graph.encode();
}

export interface SimilaritySearch {
  best(queries: Block, bank: Block, k: number): Promise<Best>;
  close(): Promise<void>;
}

export async function openSimilaritySearch(dimensions: number): Promise<SimilaritySearch> {
  const session = await ort.InferenceSession.create(similarityGraph(dimensions));
  return {
    async best(queries, bank, k) {
      const found = await session.run({
        queries: queries.rows,
        bank: bank.rows,
        queryScale: new ort.Tensor("float32", queries.inverseLengths, [queries.inverseLengths.length, 1]),
        bankScale: new ort.Tensor("float32", bank.inverseLengths, [1, bank.inverseLengths.length]),
        k: new ort.Tensor("int64", BigInt64Array.of(BigInt(k)), [1]),
      });
      return {
        similarities: found.similarities!.data as Float32Array,
        indices: found.indices!.data as BigInt64Array,
      };
    },
    close: () => session.release(),
  };
}

/**
 * A block of a matrix: float32 rows are read in place, float64 rows are rounded.
 * @throws DifftapError NUMERIC naming row and column of a value that is not finite.
 */
export function blockOf(matrix: Matrix, start: number, end: number, name: string): Block {
  const columns = matrix.shape[1]!;
  const values = matrix.data.subarray(start * columns, end * columns);
  if (!allFinite(values)) checkFinite(matrix, name);
  const rows = values instanceof Float32Array ? values : Float32Array.from(values);
  const inverseLengths = Float32Array.from({ length: end - start }, (_, row) =>
    inverseLength(values, row * columns, columns),
  );
  return { rows: new ort.Tensor("float32", rows, [end - start, columns]), inverseLengths };
}

function inverseLength(values: Float32Array | Float64Array, start: number, columns: number): number {
  let squares = 0;
  for (let column = 0; column < columns; column++) squares += values[start + column]! ** 2;
  return squares === 0 ? 0 : 1 / Math.sqrt(squares);
}
