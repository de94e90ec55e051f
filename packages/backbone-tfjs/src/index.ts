export type { DropoutAddress } from "./ops/dropout.js";
export { createTfjsUnet, type ForwardOptions, type TfjsUnet, type TfjsUnetOptions } from "./tfjs-unet.js";
export { readWeights, type TrainableChoice, type Weights } from "./variables.js";
