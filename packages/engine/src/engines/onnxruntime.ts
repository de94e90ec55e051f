/** ONNX Runtime: the arithmetic at the machine's full rate, from the registry alone. */
import { createRequire } from "node:module";
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "../engine.js";

/** What has to be there for a provider that is not part of every installation. */
const remedies: Readonly<Record<string, string>> = {
  webgpu: "it needs a Vulkan driver (Linux), Metal (macOS) or Direct3D 12 (Windows)",
  cuda: "it needs an NVIDIA GPU, CUDA, and ONNX Runtime's CUDA libraries, which onnxruntime-node fetches when it is installed with scripts on",
};

export const onnxruntime: Engine = {
  name: "onnxruntime",
  strength: "the fastest engine that needs no native addon of TensorFlow",
  async start({ providers, arena = true }) {
    const { registerOnnxRuntimeBackend } = await import("@difftap/tfjs-onnxruntime");
    // Production mode: without it TensorFlow.js warns of a backend that is registered a second time.
    tf.enableProdMode();
    // A backend's options are fixed when it is registered: other options are another backend.
    const name = ["onnxruntime", ...(providers ?? []), ...(arena ? [] : ["without-arena"])].join("-");
    registerOnnxRuntimeBackend({ name, arena, ...(providers && { providers }) });
    if (!(await tf.setBackend(name))) throw new Error("the onnxruntime backend did not initialise");
    if (providers) await tryProviders(name, providers);
    const device = providers ? `${providers.join(", ")}, ONNX Runtime` : "CPU, ONNX Runtime, all cores";
    return { version: runtimeVersion(), device: arena ? device : `${device}, memory given back` };
  },
};

/** Whether a provider is there shows when a graph first runs. @throws DifftapError ENGINE_MISSING; the backend is gone then. */
async function tryProviders(name: string, providers: readonly string[]): Promise<void> {
  const product = tf.tidy(() => tf.matMul(tf.eye(2), tf.tensor2d([1, 2, 3, 4], [2, 2])));
  try {
    await product.data();
  } catch (cause) {
    tf.removeBackend(name);
    const [first] = providers;
    throw new DifftapError(
      "ENGINE_MISSING",
      `ONNX Runtime cannot use ${providers.join(", ")}: ${(cause as Error).message}`,
      {
        hint: remedies[first!] ?? "ONNX Runtime's providers are cpu, webgpu, cuda, dml and coreml",
        details: { providers },
        cause,
      },
    );
  }
  product.dispose();
}

/** The version of onnxruntime-node that the backend has. */
function runtimeVersion(): string {
  const backend = createRequire(import.meta.url).resolve("@difftap/tfjs-onnxruntime/package.json");
  const { version } = createRequire(backend)("onnxruntime-node/package.json") as { version: string };
  return version;
}
