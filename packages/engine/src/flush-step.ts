/** Where a training step ends. */
import * as tf from "@tensorflow/tfjs-core";

/**
 * Marks the boundary of a step: call it once after each, when what the step no longer needs has been disposed of.
 * A backend that records before it computes (onnxruntime) runs what it has recorded, so that every step gives the same
 * graph; on the others this does nothing. It does not wait for the result.
 */
export function flushStep(): void {
  const backend = tf.backend() as tf.KernelBackend & { flush?(): void };
  backend.flush?.();
}
