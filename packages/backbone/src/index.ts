export type { Architecture, DiffusionSettings } from "./architecture.js";
export { type BlockInfo, blockTable, findBlock } from "./blocks.js";
export { type ClassifierInputs, classifier } from "./classifier.js";
export {
  type ClassifierArchitecture,
  type ClassifierPool,
  classifierPools,
  parseClassifier,
} from "./classifier-architecture.js";
export { checkClassifierWeights, classifierParameterShapes } from "./classifier-parameters.js";
export { type FeedbackPlan, type FeedbackRequest, planFeedback } from "./feedback.js";
export { type FeedbackLetter, feedbackLetters, type TrainedFeedback } from "./feedback-module.js";
export { architectureFromFlags } from "./flags.js";
export { inferArchitecture } from "./infer.js";
export { macsUpTo } from "./macs.js";
export { missingWeightsFile } from "./missing-file.js";
export {
  type AttentionOrder,
  kernelShape,
  type Ops,
  type PoolOps,
  type Shortcuts,
  type WeightAccess,
} from "./ops.js";
export { blockParameters, parameterCount, parameterShapes } from "./parameters.js";
export { parseArchitecture } from "./parse-architecture.js";
export {
  type ClassifierPreset,
  classifierPresets,
  type Preset,
  type PublishedFile,
  presetFor,
  presets,
  publishedFiles,
} from "./presets.js";
export { randomWeights, type ZeroModules } from "./random-weights.js";
export type { BackboneBatch, BackboneRuntime, TapRequest, TapSession } from "./runtime.js";
export { readShapes, type ShapeEvidence } from "./shape-evidence.js";
export { checkImageSize, type ImageSize, sideMultiple, sizeName } from "./size.js";
export {
  resumeUnet,
  type UnetConditions,
  type UnetInputs,
  type UnetState,
  unet,
  type Visit,
} from "./unet.js";
export { checkWeights, type TensorTable, type WeightProblems } from "./weights-check.js";
