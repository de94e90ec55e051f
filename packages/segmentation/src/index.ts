export {
  createSegmenter,
  type Segmenter,
  type SegmenterDescription,
  type SegmenterRequest,
} from "./create.js";
export {
  defineSegmenter,
  type MapSize,
  type SegmenterContext,
  type SegmenterDefinition,
  type SegmenterParts,
} from "./definition.js";
export { inMultiplesOf, type MultiScaleOptions, multiScale } from "./inference/multi-scale.js";
export type { Window } from "./inference/planes.js";
export type { PredictImage } from "./inference/predict.js";
export { type SlidingOptions, slidingWindow, windowsOver } from "./inference/sliding-window.js";
export { type LabelMap, labelMapEntry, labelMapOf, stackLabelMaps } from "./label-maps.js";
export { resizeChannelsLast } from "./layers/channels-last.js";
export type { MapLayer, NormKind } from "./layers/convolution-unit.js";
export {
  createLevelFusion,
  createPixelDecoder,
  type LevelFusion,
  type PixelDecoder,
  type PixelDecoderSize,
  pixelDecoderFields,
} from "./layers/pixel-decoder.js";
export { createPyramidPooling, type PyramidPoolingSize } from "./layers/pyramid-pooling.js";
export { crossEntropy } from "./losses/cross-entropy.js";
export { findSegmenter, segmenters } from "./registry.js";
export { restoreSegmenter, type SavedSegmenter } from "./saved.js";
export type { LabelRange, PixelTargets } from "./targets.js";
