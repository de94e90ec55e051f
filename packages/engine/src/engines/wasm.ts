/** WebAssembly with SIMD. Its files lie in the npm package; nothing is fetched. */
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "../engine.js";
import { registerFilterGradient } from "../wasm/filter-gradient.js";

export const wasm: Engine = {
  name: "wasm",
  strength: "needs no native library",
  async start() {
    await keepingProcessHandlers(async () => {
      const backend = await import("@tensorflow/tfjs-backend-wasm");
      const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
      if (tf.findBackend("wasm") === null) backend.setWasmPaths(dirname(main) + sep);
      if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend did not initialise");
    });
    registerFilterGradient();
    return { version: tf.version_core, device: "CPU, WebAssembly with SIMD, one thread" };
  },
};

const handled = ["uncaughtException", "unhandledRejection"] as const;

/** The compiled module takes over the process's error events and prints its own source on any error; this gives them back. */
async function keepingProcessHandlers(work: () => Promise<void>): Promise<void> {
  const before = new Map(handled.map((event) => [event, new Set(process.rawListeners(event))]));
  await work();
  for (const event of handled) {
    for (const listener of process.rawListeners(event)) {
      if (!before.get(event)!.has(listener)) process.off(event, listener as (...given: unknown[]) => void);
    }
  }
}
