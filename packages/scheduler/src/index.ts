export type { Batch, Timesteps } from "./batch.js";
export { type DiffusionConfig, namedBetas, type ScheduleName } from "./betas.js";
export { alphaCoefficients, type NoisingCoefficients } from "./coefficients.js";
export { qSample } from "./diffuse.js";
export type { Guided } from "./guidance.js";
export { discretizedGaussianLogLikelihood, normalKl } from "./likelihood.js";
export { type Losses, type LossInput, type LossType, pretrainingLoss, variationalTerm } from "./loss.js";
export type { VarianceType } from "./model-variance.js";
export {
  type MeanType,
  type ModelAnswer,
  type ModelKind,
  type Prediction,
  pMeanVariance,
} from "./p-mean-variance.js";
export { type Gaussian, qPosterior } from "./posterior.js";
export {
  epsilonFromXStart,
  velocityOf,
  xStartFromEpsilon,
  xStartFromPrevious,
  xStartFromVelocity,
} from "./predictions.js";
export { type Respacing, respace, spaceTimesteps } from "./respace.js";
export { type DdimOptions, ddimReverseStep, ddimStep } from "./sample-ddim.js";
export { ddpmStep, type Step } from "./sample-ddpm.js";
export {
  type Guidance,
  type OfNoisyImages,
  type Sampler,
  type SamplingOptions,
  sampleImages,
} from "./sample-images.js";
export { type BetaSchedule, createSchedule, type Schedule } from "./schedule.js";
