/** The backends the tests run on, with the gradients that TensorFlow.js's Node entry lacks. */
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

tf.enableProdMode();
setWasmPaths(dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm")) + sep);

export const engines = ["wasm", "cpu"] as const;

/** Heads that an engine runs but cannot train, by the kernel it lacks. */
export const missingForTraining: Partial<Record<(typeof engines)[number], Record<string, string>>> = {
  wasm: { cnn: "Conv2DBackpropFilter" },
};

export async function start(engine: (typeof engines)[number]): Promise<void> {
  await tf.setBackend(engine);
  await tf.ready();
}
