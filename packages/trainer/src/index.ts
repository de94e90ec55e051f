export { type Checkpoint, type CheckpointState, latestCheckpoint, readCheckpoint } from "./checkpoints.js";
export { type Evaluation, evaluate } from "./evaluate.js";
export type { MetricLine } from "./metrics-log.js";
export {
  type Duration,
  learningRateAt,
  paperRecipe,
  planTraining,
  type Recipe,
  type Schedule,
  type SgdSettings,
  type TrainingPlan,
} from "./recipe.js";
export { type FeatureSource, type LabelledBatch, memorySource, type ReadOptions } from "./source.js";
export { type TrainingResult, type TrainOptions, train } from "./train.js";
export type { Trainable } from "./trainable.js";
