/**
 * Every kind of dataset, opened by one name.
 *
 * ```ts
 * import { openDataset } from "@difftap/datasets";
 *
 * const dataset = await openDataset("scenes:count=100,size=32,seed=1");
 * console.log(dataset.length, dataset.classes, dataset.id(0), dataset.label(0));
 * ```
 */
import { DifftapError, nearest } from "@difftap/core";
import type { DetectionDataset, SegmentationDataset } from "./annotations.js";
import type { ImageDataset } from "./dataset.js";
import type { DatasetDefinition } from "./definition.js";
import { ade20k } from "./kinds/ade20k.js";
import { aircraft } from "./kinds/aircraft.js";
import { cars } from "./kinds/cars.js";
import { cityscapes } from "./kinds/cityscapes.js";
import { coco } from "./kinds/coco.js";
import { cub } from "./kinds/cub.js";
import { dogs } from "./kinds/dogs.js";
import { flowers } from "./kinds/flowers.js";
import { folder } from "./kinds/folder.js";
import { food101 } from "./kinds/food101.js";
import { idx } from "./kinds/idx.js";
import { imageNet } from "./kinds/imagenet.js";
import { masks } from "./kinds/masks.js";
import { nabirds } from "./kinds/nabirds.js";
import { pets } from "./kinds/pets.js";
import { scenes } from "./kinds/scenes.js";
import { voc } from "./kinds/voc.js";
import { webDataset } from "./kinds/webdataset.js";
import { type SpecObject, specObject } from "./spec.js";

/** The registry: a new kind is one file in `kinds/` and one line here. */
export const datasetKinds: readonly DatasetDefinition[] = [
  folder,
  idx,
  webDataset,
  voc,
  coco,
  masks,
  ade20k,
  cityscapes,
  imageNet,
  aircraft,
  cars,
  cub,
  dogs,
  flowers,
  food101,
  nabirds,
  pets,
  scenes,
];

/**
 * Opens a dataset from `kind:path[,option=value…]` or `{ kind, path, …options }`.
 * @throws DifftapError CONFIG_INVALID for an unknown kind or option, with the closest known one; what the kind itself throws.
 */
export async function openDataset(spec: string | SpecObject): Promise<ImageDataset> {
  const definition = definitionOf(spec);
  return definition.open(specObject(definition, spec));
}

/**
 * Opens images with their objects, from a spec as `openDataset` takes it.
 * @throws DifftapError CONFIG_INVALID also for a kind that has no boxes.
 */
export async function openDetection(spec: string | SpecObject): Promise<DetectionDataset> {
  const definition = definitionOf(spec);
  const fields = specObject(definition, spec);
  if (definition.openDetection !== undefined) return definition.openDetection(fields);
  throw without(
    "boxes",
    definition,
    datasetKinds.filter(({ openDetection }) => openDetection),
  );
}

/**
 * Opens images with their label maps, from a spec as `openDataset` takes it.
 * @throws DifftapError CONFIG_INVALID also for a kind that has no label maps.
 */
export async function openSegmentation(spec: string | SpecObject): Promise<SegmentationDataset> {
  const definition = definitionOf(spec);
  const fields = specObject(definition, spec);
  if (definition.openSegmentation !== undefined) return definition.openSegmentation(fields);
  throw without(
    "label maps",
    definition,
    datasetKinds.filter(({ openSegmentation }) => openSegmentation),
  );
}

function definitionOf(spec: string | SpecObject): DatasetDefinition {
  const kind = typeof spec === "string" ? (/^[^:]*/.exec(spec)?.[0] ?? "") : String(spec.kind);
  const definition = datasetKinds.find((candidate) => candidate.kind === kind);
  if (definition === undefined) throw unknownKind(kind, spec);
  return definition;
}

function without(
  what: string,
  { kind }: DatasetDefinition,
  able: readonly DatasetDefinition[],
): DifftapError {
  return new DifftapError("CONFIG_INVALID", `a dataset of kind ${kind} has no ${what}`, {
    hint: `these have: ${able.map(({ usage }) => usage).join(" | ")}`,
    details: { kind, kinds: able.map((definition) => definition.kind) },
  });
}

function unknownKind(kind: string, spec: string | SpecObject): DifftapError {
  const kinds = datasetKinds.map((definition) => definition.kind);
  const guess = nearest(kind, kinds);
  return new DifftapError(
    "CONFIG_INVALID",
    `unknown kind of dataset ${JSON.stringify(kind)}; did you mean ${guess}?`,
    {
      hint: `known: ${datasetKinds.map((definition) => definition.usage).join(" | ")}`,
      details: { spec, kind, kinds },
    },
  );
}
