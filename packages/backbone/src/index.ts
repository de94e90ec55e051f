export type { Architecture, DiffusionSettings } from "./architecture.js";
export { type BlockInfo, blockTable, findBlock } from "./blocks.js";
export { architectureFromFlags } from "./flags.js";
export { type AttentionOrder, kernelShape, type Ops, type WeightAccess } from "./ops.js";
export { parameterCount, parameterShapes } from "./parameters.js";
export { parseArchitecture } from "./parse-architecture.js";
export type { BackboneBatch, BackboneRuntime, TapRequest, TapSession } from "./runtime.js";
export { type UnetInputs, unet, type Visit } from "./unet.js";
