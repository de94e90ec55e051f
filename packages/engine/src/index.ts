export type { Engine } from "./engine.js";
export { engineNames } from "./registry.js";
export { type EngineChoice, type EngineFailure, selectEngine } from "./select.js";
export { tf } from "./tensorflow.js";
