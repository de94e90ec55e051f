/** Rows of a table by index, as a matrix product: any engine differentiates that, and tables have few rows. */
import * as tf from "@tensorflow/tfjs-core";

/** A table per sample, [N, rows, columns], and indices [N, chosen], whole numbers as float32 → [N, chosen, columns]. */
export function selectRows(tables: tf.Tensor3D, indices: tf.Tensor2D): tf.Tensor3D {
  return tf.matMul(matches(indices, tables.shape[1]), tables);
}

/** The same from one table [rows, columns] for all samples. */
export function selectSharedRows(table: tf.Tensor2D, indices: tf.Tensor2D): tf.Tensor3D {
  const [rows, columns] = table.shape;
  const [batch, chosen] = indices.shape;
  const flat = tf.reshape(matches(indices, rows), [batch * chosen, rows]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(flat, table), [batch, chosen, columns]);
}

/** [N, chosen] → [N, chosen, rows], 1 at the row that is chosen. */
function matches(indices: tf.Tensor2D, rows: number): tf.Tensor3D {
  const equal: tf.Tensor3D = tf.equal(tf.expandDims(indices, 2), tf.range(0, rows, 1, "float32"));
  return tf.cast(equal, "float32");
}
