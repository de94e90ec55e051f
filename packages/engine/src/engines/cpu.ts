/** Plain JavaScript: everything runs, slowly. */
import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "../engine.js";

export const cpu: Engine = {
  name: "cpu",
  strength: "needs nothing but JavaScript",
  async start() {
    // Production mode: without it the backend prints an advertisement for tfjs-node at its first tensor.
    tf.enableProdMode();
    await import("@tensorflow/tfjs-backend-cpu");
    if (!(await tf.setBackend("cpu"))) throw new Error("the cpu backend did not initialise");
    return { version: tf.version_core, device: "CPU, plain JavaScript, one thread" };
  },
};
