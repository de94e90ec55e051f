export { type DiffusionConfig, namedBetas, type ScheduleName } from "./betas.js";
export { alphaCoefficients, type NoisingCoefficients } from "./coefficients.js";
