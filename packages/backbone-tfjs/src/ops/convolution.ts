/** Convolutions with kernels as checkpoints have them, on maps with channels last. */
import * as tf from "@tensorflow/tfjs-core";

/** x [N, H, W, in], weight [out, in, k, k], bias [out]. */
export function convolve(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor | null,
  { stride, padding }: { readonly stride: 1 | 2; readonly padding: 0 | 1 },
): tf.Tensor {
  const filter = tf.transpose(weight, [2, 3, 1, 0]) as tf.Tensor4D;
  const maps = x as tf.Tensor4D;
  // At stride 1 "same" is one zero on each side; at stride 2 TensorFlow would put none in front.
  const convolved =
    stride === 1
      ? tf.conv2d(maps, filter, 1, "same")
      : tf.conv2d(bordered(maps, padding), filter, stride, "valid");
  return bias === null ? convolved : tf.add(convolved, bias);
}

function bordered(maps: tf.Tensor4D, padding: number): tf.Tensor4D {
  const around: [number, number] = [padding, padding];
  return tf.pad(maps, [[0, 0], around, around, [0, 0]]);
}
