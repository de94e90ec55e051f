export { type Confusion, type Example, exampleSchema, type PerClass } from "./classes-schema.js";
export {
  environmentSchema,
  type MetricRecord,
  metricSchema,
  type RunEnvironment,
} from "./environment-schema.js";
export { type Baseline, type Grid, type GridBlock, gridSchema } from "./grid-schema.js";
export type { Interval, Timestep } from "./parts.js";
export { type RunFolder, readMetrics, readRunFolder } from "./read.js";
export {
  type Curve,
  RESULTS_SCHEMA,
  type Reference,
  type Results,
  type ResultsInput,
  type RunResult,
  resultSchema,
  resultsSchema,
} from "./results-schema.js";
export {
  appendMetric,
  createRunFolder,
  type RunFolderSetup,
  runFiles,
  type WriteOptions,
  writeFigure,
  writeResults,
} from "./write.js";
