export { type DiffusionConfig, namedBetas, type ScheduleName } from "./betas.js";
export { alphaCoefficients, type NoisingCoefficients } from "./coefficients.js";
export { diffuse, type Gaussian, posterior } from "./forward-process.js";
export { discretizedGaussianLogLikelihood, gaussianKl } from "./likelihood.js";
export { type LossInputs, type LossTerms, type LossType, trainingLoss, variationalBound } from "./loss.js";
export { keptTimesteps, type RespacedSchedule, respacedSchedule } from "./respace.js";
export {
  epsilonFromStart,
  interpretOutput,
  type MeanType,
  type OutputMeaning,
  type Prediction,
  type VarianceType,
} from "./reverse-process.js";
export type { Samples, StepIndices } from "./samples.js";
export { ddimReverseStep, ddimStep, ddpmStep } from "./sampling-steps.js";
export { createSchedule, type Schedule, type ScheduleTables, scheduleFromBetas } from "./schedule.js";
