export { mapTitle, type SeenMap, seenMaps, shownMap } from "./compose/attention.js";
export { classTables, namesOf } from "./compose/classification.js";
export type { CanvasOptions } from "./compose/dense/canvas.js";
export { type CocoResult, cocoResults } from "./compose/dense/coco-results.js";
export {
  type DetectBatch,
  type DetectedSet,
  type DetectionScores,
  detectImages,
  scoreDetections,
} from "./compose/dense/detect-images.js";
export {
  type MapReader,
  type MapReaderOptions,
  type NamedImages,
  openMapReader,
} from "./compose/dense/map-reader.js";
export { onMaps } from "./compose/dense/on-maps.js";
export { classColours, type DensePicture, densePicture, paintedMap } from "./compose/dense/pictures.js";
export { openPixelReader, pixelTaps } from "./compose/dense/pixel-reader.js";
export { segmentationScores } from "./compose/dense/scores.js";
export { type SegmentBatch, type SegmentedImage, segmentImages } from "./compose/dense/segment-images.js";
export { picturesOf } from "./compose/examples.js";
export {
  type Extraction,
  type ExtractionJob,
  extractToStore,
  type TapChoice,
  tapOptions,
} from "./compose/features.js";
export type { HeadFeatures } from "./compose/head-features.js";
export { scaled, shownImages, withoutPadding } from "./compose/image-arrays.js";
export { type ImageHeadOptions, readImageFeatures } from "./compose/image-heads.js";
export { firstImages, imageOptions, type Selection, selectImages } from "./compose/images.js";
export { classCount, type LabelledFeatures, readLabelled } from "./compose/labelled.js";
export { EMBEDDED_MODEL, type Model, modelOptions, openModel } from "./compose/model.js";
export { noiseOf } from "./compose/noise.js";
export { withRandomWeights, withRuntime } from "./compose/runtime.js";
export { BACKBONE, openSavedHead } from "./compose/saved-head.js";
export { isOfShape, type Sizes, sizesOf, sizesOption } from "./compose/sizes.js";
export { spread } from "./compose/spread.js";
export { isStore, readStoredFeatures, servingInputs } from "./compose/stored-heads.js";
export { imageSides, shardAddress, shardFromEnvironment } from "./compose/values.js";
export { evalProgram } from "./program.js";
