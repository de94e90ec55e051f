export type { Engine, EngineFacts, EnginePlace } from "./engine.js";
export { flushStep } from "./flush-step.js";
export { engineNames } from "./registry.js";
export { type EngineChoice, type EngineFailure, type EngineSearch, selectEngine } from "./select.js";
export { type FoundEngine, type MissingEngine, surveyEngines } from "./survey.js";
export { tf } from "./tensorflow.js";
