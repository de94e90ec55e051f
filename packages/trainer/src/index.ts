export { type Augmentation, augmentImages } from "./augment-images.js";
export {
  type Checkpoint,
  type CheckpointState,
  latestCheckpoint,
  type ModelCheckpoint,
  type ModelState,
  type ModelTensors,
  readCheckpoint,
  type Tensors,
} from "./checkpoints.js";
export type { Duration, Pace } from "./duration.js";
export { type EvaluateOptions, type Evaluation, evaluate, evaluateMany, type Score } from "./evaluate.js";

export { learningRateAt, planTraining, type TrainingPlan } from "./plan.js";
export {
  type LearningRecipe,
  paperRecipe,
  parseRecipe,
  type Recipe,
  type ResolvedRecipe,
  recipeSchema,
} from "./recipe.js";
export type { TrainingOptions } from "./run.js";
export type { MetricLine } from "./run-log.js";
export { type FeatureSource, type LabelledBatch, memorySource, type ReadOptions } from "./source.js";
export { restoreModel } from "./state.js";
export {
  type ManyResult,
  type ModelResult,
  type ModelToTrain,
  type NamedResult,
  type TrainingResult,
  type TrainManyOptions,
  type TrainOptions,
  train,
  trainMany,
} from "./train.js";
export type { ForwardOptions, Trainable } from "./trainable.js";
