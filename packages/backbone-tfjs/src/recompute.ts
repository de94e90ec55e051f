/**
 * Memory for time: of a block only what goes in is kept, and the block runs again when its gradient is asked for.
 * Source: Chen et al., "Training deep nets with sublinear memory cost", arXiv 1604.06174.
 */
import * as tf from "@tensorflow/tfjs-core";

interface Segment {
  /** What the gradient is passed on to, besides parameters. */
  readonly inputs: readonly tf.Tensor[];
  /** Trained parameters that `run` reads. */
  readonly parameters: readonly tf.Tensor[];
  /** Gives the same numbers at each call. */
  readonly run: (inputs: readonly tf.Tensor[]) => tf.Tensor;
}

/** `run(inputs)`, differentiable with respect to inputs and parameters. */
export function recomputed(segment: Segment): tf.Tensor {
  const { inputs, parameters, run } = segment;
  const compute = tf.customGrad((...given) => {
    const own = given.slice(0, inputs.length) as tf.Tensor[];
    (given.at(-1) as tf.GradSaveFunc)(own);
    return { value: run(own), gradFunc: (dy, saved) => gradients(dy, { ...segment, inputs: saved }) };
  });
  const value = compute(...inputs, ...parameters);
  flush();
  return value;
}

/** TensorFlow.js has one tape at a time: that of the gradient under way is put aside for the one within. */
function gradients(dy: tf.Tensor, { inputs, parameters, run }: Segment): tf.Tensor[] {
  const { state } = tf.engine();
  const tape = state.activeTape;
  try {
    const within = tf.grads((...given) => run(given.slice(0, inputs.length)));
    return within([...inputs, ...parameters], dy);
  } finally {
    state.activeTape = tape;
    flush();
  }
}

/**
 * A backend that records runs what it has: ONNX Runtime would see that a graph computes a block twice, and keep the first time's
 * values until the second.
 */
function flush(): void {
  const backend = tf.backend() as tf.KernelBackend & { flush?(): void };
  backend.flush?.();
}
