export { createHead, type Head, type HeadDescription, type HeadRequest, parseSpec } from "./create.js";
export {
  defineHead,
  type ForwardOptions,
  type HeadContext,
  type HeadDefinition,
  type HeadParts,
  type Maps,
} from "./definition.js";
export { type LinearSize, linearParameters } from "./parameters.js";
export { adaptiveAveragePool } from "./pooling.js";
export { findHead, heads } from "./registry.js";
export { assignTensors, restoreHead, type SavedHead, saveHead } from "./saved.js";
export { describeTap, type Features, type HeadTap, mapsOf, type TapPlace } from "./tap.js";
