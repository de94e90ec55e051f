export {
  type Accuracy,
  type ClassAccuracy,
  confidences,
  confusionMatrix,
  perClassAccuracy,
  predictions,
  topK,
} from "./accuracy.js";
export {
  type CorrectKeypoints,
  correctKeypoints,
  type KeypointOptions,
  type MatchedPair,
} from "./correspondence/keypoints.js";
export {
  bestMatches,
  type FeatureMap,
  type ImageSize,
  type Match,
  type Point,
} from "./correspondence/matches.js";
export {
  type CategoryPrecision,
  type CocoFigures,
  type DetectionEvaluation,
  type DetectionOptions,
  evaluateDetections,
} from "./detection/coco.js";
export type { Box, Detection, DetectionSet, TrueObject } from "./detection/objects.js";
export type { DetectionKind } from "./detection/overlap.js";
export {
  evaluateVocDetections,
  type VocEvaluation,
  type VocFigures,
  type VocOptions,
} from "./detection/voc.js";
export type { Distance } from "./distances/distance.js";
export { type FeatureNetwork, openFeatureNetwork } from "./distances/feature-network.js";
export { frechetDistance } from "./distances/frechet.js";
export { kernelDistance } from "./distances/kernel.js";
export type { Matrix } from "./inputs.js";
export { type BootstrapOptions, bootstrapInterval, differenceInterval, wilsonInterval } from "./intervals.js";
export {
  castVotes,
  DEFAULT_NEIGHBOURS,
  DEFAULT_TEMPERATURE,
  type KnnOptions,
  type KnnResult,
  knn,
  type VoteOptions,
} from "./knn/knn.js";
export { type NeighbourOptions, type Neighbours, nearestNeighbours } from "./knn/neighbours.js";
export { neighbourhoodPurity, type Purity, type PurityOptions } from "./knn/purity.js";
export {
  componentColours,
  type PrincipalComponents,
  principalComponents,
  projectOnto,
} from "./principal-components.js";
export { probeLogits } from "./probe/logits.js";
export {
  type SolvedProbe,
  type SolvedProbeOptions,
  type SolverSettings,
  solvedLinearProbe,
  type TrainingSet,
} from "./probe/solved.js";
export { defaultL2Values, type Sweep, type SweepOptions, type SweepPoint, sweepL2 } from "./probe/sweep.js";
export type { FigureIntervals } from "./resampling.js";
export { accuracyResult, type Result } from "./result.js";
export type { LabelMap } from "./segmentation/confusion.js";
export {
  type ClassSegmentation,
  countPixels,
  type PixelCountOptions,
  type PixelCounts,
  type SegmentationEvaluation,
} from "./segmentation/pixels.js";
export type { SegmentationFigures } from "./segmentation/tally.js";
export {
  type CkaEstimator,
  ckaMatrix,
  linearCka,
  type MinibatchCka,
  minibatchCka,
  type Similarity,
  unbiasedCka,
} from "./similarity/cka.js";
export {
  type AlignmentOptions,
  alignment,
  type SphereMeasure,
  uniformity,
} from "./similarity/hypersphere.js";
export { type IntraclassCorrelation, intraclassCorrelation } from "./similarity/intraclass.js";
