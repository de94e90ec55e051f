/**
 * Reshape to the shape that is there and Cast to the type that is there, without a call of TensorFlow: the tensor is shared, as in
 * every other backend. The gradients of TensorFlow.js ask for both at every turn, a fifth of all kernels of a training step, and a call of
 * the addon costs some 30 µs of the one thread that JavaScript has.
 */
import * as tf from "@tensorflow/tfjs-core";

/** Whether a kernel's result is its input as it is. */
type Same = (x: tf.TensorInfo, attributes: Readonly<Record<string, unknown>>) => boolean;

const kernels: Readonly<Record<string, Same>> = {
  Reshape: (x, { shape }) => tf.util.arraysEqual(x.shape, shape as number[]),
  Cast: (x, { dtype }) => x.dtype === dtype,
};

/** Has these kernels of a backend share what they would copy; what does change goes where it went. */
export function shareTensors(backendName: string): void {
  for (const [kernelName, isSame] of Object.entries(kernels)) {
    const own = tf.getKernel(kernelName, backendName);
    tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({
      ...own,
      kernelFunc(given) {
        const x = given.inputs.x as tf.TensorInfo;
        if (!isSame(x, given.attrs ?? {})) return own.kernelFunc(given);
        (given.backend as tf.KernelBackend).incRef(x.dataId);
        return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
      },
    });
  }
}
