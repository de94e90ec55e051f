export { computesAside } from "./ahead.js";
export { type Augmentation, augmentImages } from "./augment-images.js";
export { type Average, createAverage } from "./average.js";
export { toTensors } from "./batch.js";
export {
  type CheckpointFiles,
  checkpointFiles,
  type NamedTensors,
  type SavedCheckpoint,
  type WriteCheckpointOptions,
} from "./checkpoint-files.js";
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
export {
  alone,
  type Collective,
  type CollectiveKind,
  collectiveKinds,
  openCollective,
  shareOf,
} from "./collective.js";
export { type Differentiated, differentiate } from "./differentiate.js";
export { divergence, type StepPlace } from "./divergence.js";
export { type Duration, durationSchema, type LastBatch, type Pace, stepsIn } from "./duration.js";
export { type EvaluateOptions, type Evaluation, evaluate, evaluateMany, type Score } from "./evaluate.js";
export type { Optimizer, StepNumbers } from "./optimizer.js";
export { optimizerOf, optimizerSettings } from "./optimizer-registry.js";
export { parseSettings } from "./parse-settings.js";
export { learningRateAt, planSteps, planTraining, type TrainingPlan } from "./plan.js";
export {
  type LearningRecipe,
  paperRecipe,
  parseRecipe,
  type Recipe,
  type ResolvedRecipe,
  recipeSchema,
} from "./recipe.js";
export type { Measure, Measures, TrainingOptions } from "./run.js";
export { type LogLengths, type MetricLine, openRunLog, type RunLog } from "./run-log.js";
export { checkSameFacts, recipeFacts } from "./same-training.js";
export { scheduleSettings } from "./schedule-registry.js";
export {
  type FeatureSource,
  type LabelledBatch,
  memorySource,
  type ReadOptions,
  streamedSource,
} from "./source.js";
export { restoreModel } from "./state.js";
export {
  type ManyResult,
  type ModelResult,
  type ModelToTrain,
  type NamedResult,
  type ObjectiveResult,
  type TrainingResult,
  type TrainManyOptions,
  type TrainObjectiveOptions,
  type TrainOptions,
  train,
  trainMany,
  trainObjective,
} from "./train.js";
export type { ForwardOptions, FurtherTerm, ObjectiveModel, Trainable, Trained } from "./trainable.js";
export { recordUpdate, type Updating } from "./update.js";
export { type Assignment, assignVariables, firstBroken, type Piece, readVariables } from "./variables.js";
