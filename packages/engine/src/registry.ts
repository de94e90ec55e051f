/** Every engine of this version, the one `auto` prefers first. A new one is a file and a line here. */
import type { Engine } from "./engine.js";
import { cpu } from "./engines/cpu.js";
import { onnxruntime } from "./engines/onnxruntime.js";
import { tensorflow } from "./engines/tensorflow.js";
import { tensorflowGpu } from "./engines/tensorflow-gpu.js";
import { wasm } from "./engines/wasm.js";

export const engines: readonly Engine[] = [tensorflowGpu, tensorflow, onnxruntime, wasm, cpu];

export const engineNames: readonly string[] = engines.map(({ name }) => name);
