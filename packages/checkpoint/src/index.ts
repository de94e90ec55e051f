export { weightsDigest } from "./digest.js";
export { memoryWeights } from "./memory.js";
export { openWeights } from "./open.js";
export { type CopyOptions, copyToSafetensors, writeSafetensors } from "./safetensors/write.js";
export { copyToTorch, writeTorch } from "./torch/write.js";
export type { OpenOptions, TensorInfo, WeightSource } from "./weights.js";
