/**
 * The one TensorFlow.js core of a process, with its gradients.
 *
 * In Node, `import` and `require` of the package's main entry give the same module, but deep imports give another one with kernels of
 * its own: import from here or from "@tensorflow/tfjs-core", nowhere deeper. The main entry has no gradients; of the packages that
 * register them on it, tfjs-layers is the smallest.
 */
import "@tensorflow/tfjs-layers";

export * as tf from "@tensorflow/tfjs-core";
