export {
  type Accuracy,
  type ClassAccuracy,
  confidences,
  confusionMatrix,
  perClassAccuracy,
  predictions,
  topK,
} from "./accuracy.js";
export type { Distance } from "./distances/distance.js";
export { type FeatureNetwork, openFeatureNetwork } from "./distances/feature-network.js";
export { frechetDistance } from "./distances/frechet.js";
export { kernelDistance } from "./distances/kernel.js";
export type { Matrix } from "./inputs.js";
export { type BootstrapOptions, bootstrapInterval, wilsonInterval } from "./intervals.js";
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
export { probeLogits } from "./probe/logits.js";
export {
  type SolvedProbe,
  type SolvedProbeOptions,
  type SolverSettings,
  solvedLinearProbe,
  type TrainingSet,
} from "./probe/solved.js";
export { defaultL2Values, type Sweep, type SweepOptions, type SweepPoint, sweepL2 } from "./probe/sweep.js";
export { accuracyResult, type Result } from "./result.js";
