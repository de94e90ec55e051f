/**
 * The one TensorFlow.js core of a process. In Node, `import` and `require` of the package's main entry give the same module,
 * deep imports give another one with kernels of its own: import from here or from "@tensorflow/tfjs-core", nowhere deeper.
 */
export * as tf from "@tensorflow/tfjs-core";
