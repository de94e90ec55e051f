/** ONNX Runtime: the arithmetic at the machine's full rate, from the registry alone. */
import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "../engine.js";

export const onnxruntime: Engine = {
  name: "onnxruntime",
  strength: "the fastest engine that needs no native addon of TensorFlow",
  async start() {
    const { registerOnnxRuntimeBackend } = await import("@difftap/tfjs-onnxruntime");
    // Production mode: without it TensorFlow.js warns of a backend that is registered a second time.
    tf.enableProdMode();
    registerOnnxRuntimeBackend();
    if (!(await tf.setBackend("onnxruntime"))) throw new Error("the onnxruntime backend did not initialise");
    return { version: runtimeVersion(), device: "CPU, ONNX Runtime, all cores" };
  },
};

/** The version of onnxruntime-node that the backend has. */
function runtimeVersion(): string {
  const backend = createRequire(import.meta.url).resolve("@difftap/tfjs-onnxruntime/package.json");
  const { version } = createRequire(backend)("onnxruntime-node/package.json") as { version: string };
  return version;
}
