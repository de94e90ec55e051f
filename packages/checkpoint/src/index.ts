export * from "./digest.js";
export * from "./memory.js";
export { openWeights } from "./open.js";
export { copyToSafetensors, writeSafetensors } from "./safetensors/write.js";
export * from "./weights.js";
