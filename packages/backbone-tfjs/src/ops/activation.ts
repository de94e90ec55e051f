/** SiLU with a gradient that needs only the input and its sigmoid. */
import * as tf from "@tensorflow/tfjs-core";

/** x·sigmoid(x). */
export function silu(x: tf.Tensor): tf.Tensor {
  const compute = tf.customGrad((input, save) => {
    const gate = tf.sigmoid(input as tf.Tensor);
    const value = tf.mul(input as tf.Tensor, gate);
    (save as tf.GradSaveFunc)([value, gate]);
    return { value, gradFunc: (dy, [y, sigmoid]) => gradient(dy, y!, sigmoid!) };
  });
  return compute(x);
}

/** dy·(s + y·(1 − s)) with s = sigmoid(x), y = x·s. */
function gradient(dy: tf.Tensor, y: tf.Tensor, sigmoid: tf.Tensor): tf.Tensor {
  return tf.mul(dy, tf.add(sigmoid, tf.sub(y, tf.mul(y, sigmoid))));
}
