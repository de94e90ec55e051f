/** The native addon on the CPU: @tensorflow/tfjs-node, an optional peer of the user's project. */
import type { Engine } from "../engine.js";
import { startAddon } from "../native-addon.js";

export const tensorflow: Engine = {
  name: "tensorflow",
  strength: "the native addon @tensorflow/tfjs-node is installed and loads",
  async start({ from }) {
    const { binding } = await startAddon("@tensorflow/tfjs-node", from);
    return { version: binding.TF_Version, device: "CPU, TensorFlow, all cores" };
  },
};
