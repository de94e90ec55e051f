export {
  type EmitOptions,
  type EmittedUnet,
  emitUnet,
  type TapOutput,
} from "./emission/emit-unet.js";
export type { ImageType } from "./emission/noising.js";
export type { OnnxOps } from "./emission/onnx-ops.js";
export { type PlacedWeight, WEIGHTS_LOCATION, type WeightLayout } from "./emission/weight-layout.js";
export {
  type OnnxBackbone,
  type OnnxBackboneOptions,
  openOnnxBackbone,
  type PrepareOptions,
} from "./onnx-backbone.js";
export { loadWeights } from "./session/load-weights.js";
export type { OnnxTapSession } from "./session/tap-session.js";
