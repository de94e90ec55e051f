export type { DropoutAddress } from "./ops/dropout.js";
export { createTfjsClassifier, type TfjsClassifier, type TfjsClassifierOptions } from "./tfjs-classifier.js";
export { createTfjsUnet, type ForwardOptions, type TfjsUnet, type TfjsUnetOptions } from "./tfjs-unet.js";
export { readWeights, type TrainableChoice, type Weights } from "./variables.js";
