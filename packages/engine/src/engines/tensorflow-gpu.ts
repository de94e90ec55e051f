/** The native addon on an NVIDIA GPU: @tensorflow/tfjs-node-gpu, an optional peer of the user's project. */
import { DifftapError } from "@difftap/core";
import type { Engine } from "../engine.js";
import { type NativeBackend, startAddon } from "../native-addon.js";

export const tensorflowGpu: Engine = {
  name: "tensorflow-gpu",
  strength: "the native addon @tensorflow/tfjs-node-gpu loads and sees a GPU",
  async start({ from }) {
    const { binding } = await startAddon("@tensorflow/tfjs-node-gpu", from, requireGpu);
    return { version: binding.TF_Version, device: "GPU, TensorFlow with CUDA" };
  },
};

function requireGpu({ isUsingGpuDevice, binding }: NativeBackend): void {
  if (isUsingGpuDevice) return;
  throw new DifftapError("ENGINE_MISSING", "@tensorflow/tfjs-node-gpu loads but sees no GPU", {
    hint: `check nvidia-smi, and that the CUDA and cuDNN libraries of TensorFlow ${binding.TF_Version} are found`,
  });
}
