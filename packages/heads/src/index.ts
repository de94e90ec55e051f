export {
  createHead,
  type Head,
  type HeadDescription,
  type HeadRequest,
  headInputs,
  parseSpec,
} from "./create.js";
export {
  type AttentionMap,
  defineHead,
  type ForwardOptions,
  type HeadContext,
  type HeadDefinition,
  type HeadParts,
  type InputContext,
  type Maps,
  type ReadMap,
} from "./definition.js";
export { resizeBilinear } from "./interpolation.js";
export { type BatchNorm, type BatchNormSize, createBatchNorm } from "./layers/batch-norm.js";
export { type Convolution, type ConvolutionSize, createConvolution } from "./layers/convolution.js";
export { gelu } from "./layers/gelu.js";
export { createLayerNorm, type LayerNorm } from "./layers/layer-norm.js";
export { createLinear, type Linear } from "./layers/linear.js";
export { createTokenizer, type Tokenizer, type TokenizerSize } from "./layers/tokenizer.js";
export { createTransformer, type Transformer, type TransformerSize } from "./layers/transformer.js";
export { type LoadOptions, loadHead } from "./load.js";
export type { HeadNetwork, NetworkState } from "./network.js";
export { joinParameters, type LinearSize, linearParameters, type Parameters } from "./parameters.js";
export { adaptiveAveragePool, type Cells } from "./pooling.js";
export { findHead, heads } from "./registry.js";
export { assignTensors, restoreHead, type SavedHead, saveHead } from "./saved.js";
export { describeTap, type Features, type HeadTap, mapsOf, type TapPlace } from "./tap.js";
