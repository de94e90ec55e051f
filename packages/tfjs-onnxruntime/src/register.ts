/**
 * Registers the backend with TensorFlow.js.
 *
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import "@tensorflow/tfjs-layers"; // registers the gradients that tfjs-core's Node entry leaves out
 * import { registerOnnxRuntimeBackend } from "@difftap/tfjs-onnxruntime";
 *
 * registerOnnxRuntimeBackend();
 * await tf.setBackend("onnxruntime");
 * ```
 */
import {
  findBackend,
  getKernel,
  type KernelConfig,
  registerBackend,
  registerKernel,
} from "@tensorflow/tfjs-core";
import { type BackendOptions, OnnxRuntimeBackend } from "./backend.js";
import { registerReductionGradients } from "./gradients.js";
import { configOf } from "./kernel.js";
import { kernels } from "./kernels/registry.js";

export interface RegisterOptions extends BackendOptions {
  /** Name of the backend; "onnxruntime" unless given. */
  readonly name?: string;
}

/** Makes the backend known. Its thread starts when TensorFlow.js first uses it. Called again, it changes nothing. */
export function registerOnnxRuntimeBackend({ name = "onnxruntime", ...options }: RegisterOptions = {}): void {
  registerBackend(name, () => new OnnxRuntimeBackend(new URL("./worker.js", import.meta.url), options));
  registerReductionGradients();
  for (const config of kernels.map((each) => configOf(each, name))) addKernel(config);
}

function addKernel(config: KernelConfig): void {
  if (getKernel(config.kernelName, config.backendName) === undefined) registerKernel(config);
}

/** The running backend of that name, for its flush() and statistics; undefined when it is not in use. */
export function onnxRuntimeBackend(name = "onnxruntime"): OnnxRuntimeBackend | undefined {
  const found: unknown = findBackend(name);
  return found instanceof OnnxRuntimeBackend ? found : undefined;
}
