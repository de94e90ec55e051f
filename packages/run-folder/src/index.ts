export type { Choice, Fusion } from "./analysis-choice.js";
export type {
  Components,
  Correspondence,
  CorrespondenceExample,
  Neighbourhoods,
} from "./analysis-pictures.js";
export type { Analysis } from "./analysis-schema.js";
export type { SimilarityMatrix, Surface } from "./analysis-surfaces.js";
export type { Attention, AttentionExample, AttentionMap } from "./attention-schema.js";
export { type Confusion, type Example, exampleSchema, type PerClass } from "./classes-schema.js";
export { closedObject } from "./closed-object.js";
export type { CocoFigure, CocoFigures } from "./coco-schema.js";
export type { Contribution, TapShares, TapWeights } from "./contributions-schema.js";
export { type Curve, type CurvePoint, thinPoints } from "./curve.js";
export type { DetectionPicture, PictureBox } from "./detection-pictures.js";
export type { DetectionClass, DetectionRun, DroppedBoxes, TrainedDetector } from "./detection-schema.js";
export {
  environmentSchema,
  type MetricRecord,
  metricSchema,
  type RunEnvironment,
} from "./environment-schema.js";
export { type Baseline, type Grid, type GridBlock, gridSchema } from "./grid-schema.js";
export type { HeadRun, TrainedHead } from "./heads-schema.js";
export { type OverSeeds, overSeeds } from "./over-seeds.js";
export type { Interval, Timestep } from "./parts.js";
export { type RunFolder, readMetrics, readRunFolder } from "./read.js";
export {
  RESULTS_SCHEMA,
  type Reference,
  type Results,
  type ResultsInput,
  type RunResult,
  resultSchema,
  resultsSchema,
} from "./results-schema.js";
export type { Samples } from "./samples-schema.js";
export type {
  SegmentationClass,
  SegmentationPicture,
  SegmentationRun,
  TrainedSegmenter,
} from "./segmentation-schema.js";
export type { Suite, SuiteRow } from "./suite-schema.js";
export {
  appendMetric,
  createRunFolder,
  type RunFolderSetup,
  runFiles,
  type WriteOptions,
  writeFigure,
  writeResults,
} from "./write.js";
