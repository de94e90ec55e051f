/** Adaptive average pooling with PyTorch's windows: cell i covers ⌊i·n/k⌋ … ⌈(i+1)·n/k⌉. */
import type { Value } from "@difftap/onnx-graph";
import type { Emitter } from "./emitter.js";

/** Cells along a side of n places when k are asked for: never more than there are places. */
export function pooledSide(places: number, asked: number): number {
  return Math.min(places, asked);
}

/**
 * [k, n]: row i holds 1/(window length) over its window.
 * Source: PyTorch, aten/src/ATen/native/AdaptivePooling.h (start_index, end_index).
 */
export function poolingMatrix(places: number, cells: number): Float32Array {
  const matrix = new Float32Array(cells * places);
  for (let cell = 0; cell < cells; cell += 1) {
    const start = Math.floor((cell * places) / cells);
    const end = Math.ceil(((cell + 1) * places) / cells);
    matrix.fill(1 / (end - start), cell * places + start, cell * places + end);
  }
  return matrix;
}

/** [N, C, H, W] → [N, C, rows, columns]. */
export function emitPooled(emitter: Emitter, x: Value, pool: number): Value {
  const { channels, height, width } = emitter.mapShape(x);
  const rows = pooledSide(height, pool);
  const columns = pooledSide(width, pool);
  const shape = { channels, height: rows, width: columns };
  if (rows === height && columns === width) return x;
  const even = height % rows === 0 && width % columns === 0;
  return emitter.map(
    even ? evenWindows(emitter, x, rows, columns) : unevenWindows(emitter, x, rows, columns),
    shape,
  );
}

function evenWindows(emitter: Emitter, x: Value, rows: number, columns: number): Value {
  const { height, width } = emitter.mapShape(x);
  if (rows === 1 && columns === 1) return emitter.graph.node("GlobalAveragePool", [x]);
  const window = [height / rows, width / columns];
  return emitter.graph.node("AveragePool", [x], { kernel_shape: window, strides: window });
}

/** Rows·x·Columnsᵀ. */
function unevenWindows(emitter: Emitter, x: Value, rows: number, columns: number): Value {
  const { height, width } = emitter.mapShape(x);
  const overRows = emitter.floats([...poolingMatrix(height, rows)], [rows, height]);
  const overColumns = emitter.floats(
    [...transposed(poolingMatrix(width, columns), columns, width)],
    [width, columns],
  );
  return emitter.graph.node("MatMul", [emitter.graph.node("MatMul", [overRows, x]), overColumns]);
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return matrix.map((_, index) => matrix[(index % rows) * columns + Math.floor(index / rows)]!);
}
