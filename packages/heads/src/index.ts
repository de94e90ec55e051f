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
export { createFeedback, type Feedback, type FeedbackRequest } from "./feedback.js";
export { resizeBilinear } from "./interpolation.js";
export { type BatchNorm, type BatchNormSize, createBatchNorm } from "./layers/batch-norm.js";
export { type Convolution, type ConvolutionSize, createConvolution } from "./layers/convolution.js";
export {
  createFeaturePyramid,
  type FeaturePyramid,
  type FeaturePyramidSize,
  type PyramidInput,
} from "./layers/feature-pyramid.js";
export { gelu } from "./layers/gelu.js";
export { createGroupNorm, type GroupNorm, type GroupNormSize } from "./layers/group-norm.js";
export { createLayerNorm, type LayerNorm } from "./layers/layer-norm.js";
export { createLinear, type Linear } from "./layers/linear.js";
export { createTokenizer, type Tokenizer, type TokenizerSize } from "./layers/tokenizer.js";
export { createTransformer, type Transformer, type TransformerSize } from "./layers/transformer.js";
export { type LoadOptions, loadHead } from "./load.js";
export type { HeadNetwork, NetworkState } from "./network.js";
export {
  constantVariable,
  joinParameters,
  type LinearSize,
  linearParameters,
  normalVariable,
  type Parameters,
  weightAndBias,
} from "./parameters.js";
export { adaptiveAveragePool, type Cells } from "./pooling.js";
export { findHead, findNamed, heads } from "./registry.js";
export { assignTensors, restoreHead, type Saveable, type SavedHead, saveHead } from "./saved.js";
export { describeTap, type Features, type HeadTap, mapsOf, type TapPlace } from "./tap.js";
