export { checkpointWeights } from "./checkpoints.js";
export { type Coefficients, coefficientsAt, type LossKind } from "./coefficients.js";
export type { Denoiser, DenoiserInputs, DenoiserOptions } from "./denoiser.js";
export { type DrawnLosses, drawnLosses } from "./drawn-losses.js";
export type { StepAddress } from "./draws.js";
export { type LossInputs, noised, type PretrainingLosses, pretrainingLosses } from "./loss.js";
export { type Picture, pictureGrid } from "./picture-grid.js";
export { type PretrainedAverage, type PretrainingResult, pretrain } from "./pretrain.js";
export {
  losses,
  type PretrainingRecipe,
  parsePretrainingRecipe,
  predictions,
  pretrainingRecipeSchema,
  type ResolvedPretrainingRecipe,
  timestepSampling,
} from "./recipe.js";
export type { PretrainOptions } from "./run.js";
export { drawSamples, type SampleChoice, type SampleGrids } from "./samples.js";
export { type ImageSource, memoryImages, type TrainingImages } from "./source.js";
