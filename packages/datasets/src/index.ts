export type {
  AnnotatedObject,
  Box,
  BoxReport,
  Category,
  DetectionDataset,
  ImageSize,
  LabelMap,
  SegmentationDataset,
} from "./annotations.js";
export type { BatchOptions, ImageFailure } from "./batches.js";
export {
  type EncodedImage,
  type ImageDataset,
  labelsOf,
  type RawImage,
  type SourceImage,
  unlabelled,
} from "./dataset.js";
export { type DatasetDefinition, defineDataset } from "./definition.js";
export type { BirdSpec } from "./fine-grained/birds.js";
export { centreCrop } from "./image/centre-crop.js";
export { decode } from "./image/decode.js";
export type { Pixels } from "./image/resample.js";
export { squarePixels } from "./image/square.js";
export { type Ade20kSpec, openAde20k } from "./kinds/ade20k.js";
export { type AircraftSpec, openAircraft } from "./kinds/aircraft.js";
export { type CarsSpec, openCars } from "./kinds/cars.js";
export { type CityscapesSpec, openCityscapes } from "./kinds/cityscapes.js";
export { type CocoSpec, openCoco } from "./kinds/coco.js";
export { openCub } from "./kinds/cub.js";
export { type DogsSpec, openDogs } from "./kinds/dogs.js";
export { type FlowersSpec, openFlowers } from "./kinds/flowers.js";
export { type FolderSpec, openFolder } from "./kinds/folder.js";
export { type Food101Spec, openFood101 } from "./kinds/food101.js";
export { type IdxSpec, openIdxDataset } from "./kinds/idx.js";
export { type ImageNetSpec, openImageNet } from "./kinds/imagenet.js";
export { type MasksSpec, openMasks } from "./kinds/masks.js";
export { openNabirds } from "./kinds/nabirds.js";
export { openPets, type PetsSpec } from "./kinds/pets.js";
export { openScenes, type SceneDataset, type ScenesSpec } from "./kinds/scenes.js";
export { openVoc, openVocSegmentation, type VocSpec } from "./kinds/voc.js";
export { openWebDataset, type WebDatasetSpec } from "./kinds/webdataset.js";
export { type ImageBatch, type LoadOptions, loadImages } from "./loader.js";
export { datasetKinds, openDataset, openDetection, openSegmentation } from "./registry.js";
export { type HoldOut, holdOut, kShot, splitFraction } from "./sampling/balanced.js";
export { listedIndices } from "./sampling/list-file.js";
export { order, type SubsetSpec, subset } from "./sampling/order.js";
export { pickImages } from "./sampling/pick.js";
export type { SceneObject } from "./scenes/annotate.js";
export {
  renderScene,
  type Scene,
  type SceneAddress,
  sceneClasses,
  sceneFineClasses,
} from "./scenes/render.js";
export type { SpecObject } from "./spec.js";
export {
  type AnnotatedImage,
  augmentTogether,
  type JointAugmentation,
  type ViewAddress,
  type ViewAugmentation,
} from "./view/augment-together.js";
export type { ColourJitter } from "./view/colours.js";
export { labelMapToCanvas, labelMapToSource, maskToCanvas, maskToSource } from "./view/nearest.js";
export { objectsToCanvas } from "./view/objects.js";
export { pixelsToCanvas } from "./view/pixels.js";
export { boxToCanvas, boxToSource, type Fit, fitView, type View } from "./view/view.js";
export type { ViewBatch, ViewLoadOptions } from "./view-batches.js";
export {
  type DetectionBatch,
  loadDetection,
  loadSegmentation,
  loadViews,
  type SegmentationBatch,
} from "./view-loader.js";
