export type { Box } from "./boxes.js";
export {
  createDetector,
  type Detector,
  type DetectorDescription,
  type DetectorRequest,
  findDetector,
  type PredictOptions,
  targetMaker,
} from "./create.js";
export {
  type DetectedImage,
  type DetectionLimits,
  type DetectorContext,
  type DetectorDefinition,
  type DetectorParts,
  defineDetector,
  type TargetContext,
  type TargetMaker,
} from "./definition.js";
export { defineFcos } from "./fcos/fcos.js";
export { binaryCrossEntropy } from "./losses/binary-cross-entropy.js";
export { diceLoss } from "./losses/dice.js";
export { type FocalOptions, focalLoss } from "./losses/focal.js";
export { generalisedIouLoss, type Overlap, overlapOf } from "./losses/generalised-iou.js";
export type { ProbabilityMap } from "./masks/paste-mask.js";
export {
  defineNeck,
  type NeckContext,
  type NeckDefinition,
  type NeckParts,
  type PyramidContext,
} from "./necks/definition.js";
export { necks } from "./necks/registry.js";
export type { Detection, FoundObject, OriginalImage } from "./prediction/detection.js";
export { type Candidates, type SuppressionOptions, suppressOverlaps } from "./prediction/suppression.js";
export { type ImageSize, type PyramidLevel, strideOf } from "./pyramid.js";
export { detectors } from "./registry.js";
export { restoreDetector, type SavedDetector, saveDetector } from "./saved.js";
export type { Targets } from "./targets/dense-targets.js";
export type { TrainingObject } from "./targets/objects.js";
export { stackTargets } from "./targets/stack.js";
