/** Pascal VOC: boxes in XML, label maps as palette images, splits as lists. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { DifftapError, nearest, sha256Hex } from "@difftap/core";
import { z } from "zod";
import type { AnnotatedObject, DetectionDataset, ImageSize, SegmentationDataset } from "../annotations.js";
import { type BoxCount, countBoxes } from "../boxes.js";
import { checkIndex, type ImageDataset, unlabelled } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { reading } from "../files/read-errors.js";
import { splitLines } from "../files/split-list.js";
import { readXml } from "../files/xml.js";
import { sizeInHeader } from "../image/header.js";
import { limiter } from "../in-order.js";
import { indexedMaps } from "../label-maps.js";
import { listedImages } from "../listed-images.js";
import { type VocAnnotation, type VocObject, vocAnnotation } from "../voc/annotation.js";
import { vocNames } from "../voc/names.js";
import { readClassList } from "./class-labels.js";

export interface VocSpec {
  /** The folder with JPEGImages. */
  readonly path: string;
  /** Name of a list: `ImageSets/Main/SPLIT.txt`, or `ImageSets/Segmentation/SPLIT.txt`. */
  readonly split: string;
  /** A JSON class list, which gives the labels their order. Without it see `openVoc` and `openVocSegmentation`. */
  readonly classes?: string | undefined;
}

const layout: Layout = {
  of: "Pascal VOC",
  expected: [
    "JPEGImages/ID.jpg",
    "ImageSets/Main/SPLIT.txt",
    "Annotations/ID.xml",
    "for segmentation ImageSets/Segmentation/SPLIT.txt",
    "SegmentationClass/ID.png",
  ],
};

/** Annotations read at once. */
const READERS = 16;

/** Void in VOC's palette images: outlines and what is too hard. */
const VOID = 255;

/**
 * Opens the images of `ImageSets/Main/SPLIT.txt` with their objects. Labels follow the class list; without one VOC's own
 * twenty when no other name occurs, else all names in `Annotations`, sorted: every split gets the same. A category's id is
 * its label + 1. Boxes without area are dropped, boxes over the edge cut; `report` counts both.
 * The digest covers ids, file sizes and annotations.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED for another layout or XML that does not hold; LABELS_MISMATCH
 */
export async function openVoc(spec: VocSpec): Promise<DetectionDataset> {
  await requireLayout(spec.path, ["JPEGImages", "ImageSets/Main", "Annotations"], layout);
  const ids = await splitIds(spec, "Main");
  const annotations = await readAnnotations(spec.path, ids);
  const names = await classNames(spec, annotations);
  const images = await imagesOf(spec, "Main", ids, [sha256Hex(JSON.stringify([names, annotations]))]);
  const count = countBoxes();
  const limit = limiter(READERS);
  const sizes = await Promise.all(
    annotations.map((annotation, index) => limit(() => sizeOf(images, annotation, index))),
  );
  const objects = annotations.map(({ objects: written }, index) => {
    const taken = { size: sizes[index]!, source: annotationFile(spec.path, ids[index]!), names, count };
    return written.flatMap((object) => takeObject(object, taken));
  });
  return {
    ...images,
    categories: names.map((name, label) => ({ id: label + 1, name })),
    imageSize: async (index) => sizes[at(index, ids, images)]!,
    objects: async (index) => objects[at(index, ids, images)]!,
    report: count.report(),
  };
}

/**
 * Opens the images of `ImageSets/Segmentation/SPLIT.txt` with the palette indices of `SegmentationClass`: 0 background,
 * then the class list's or VOC's twenty classes, 255 void.
 * @throws DifftapError as `openVoc` does
 */
export async function openVocSegmentation(spec: VocSpec): Promise<SegmentationDataset> {
  await requireLayout(spec.path, ["JPEGImages", "ImageSets/Segmentation", "SegmentationClass"], layout);
  const ids = await splitIds(spec, "Segmentation");
  const names = spec.classes === undefined ? vocNames : await readClassList(spec.classes);
  const images = await imagesOf(spec, "Segmentation", ids, ["SegmentationClass", ...names]);
  const files = ids.map((id) => `SegmentationClass/${id}.png`);
  return indexedMaps(images, {
    root: spec.path,
    files,
    labelNames: ["background", ...names],
    labelOf: (value) => (value === VOID ? "ignore" : value <= names.length ? value : "unknown"),
  });
}

export const voc = defineDataset<VocSpec>({
  kind: "voc",
  usage: "voc:data/VOCdevkit/VOC2012,split=train",
  takesPath: true,
  options: ["split", "classes"],
  schema: z.strictObject({
    path: z.string().min(1),
    split: z.string().min(1),
    classes: z.string().min(1).optional(),
  }),
  open: openVoc,
  openDetection: openVoc,
  openSegmentation: openVocSegmentation,
});

/** Lists of one class have a second column, 1 or −1, which is passed over. */
async function splitIds({ path, split }: VocSpec, task: string): Promise<string[]> {
  const lines = await splitLines(join(path, "ImageSets", task), split);
  return lines.map((line) => line.split(/\s+/)[0]!);
}

function annotationFile(root: string, id: string): string {
  return join(root, "Annotations", `${id}.xml`);
}

async function readAnnotations(root: string, ids: readonly string[]): Promise<VocAnnotation[]> {
  const limit = limiter(READERS);
  const read = async (path: string) => vocAnnotation(await readXml(path), path);
  return Promise.all(ids.map((id) => limit(() => read(annotationFile(root, id)))));
}

async function classNames(spec: VocSpec, annotations: readonly VocAnnotation[]): Promise<readonly string[]> {
  if (spec.classes !== undefined) return readClassList(spec.classes);
  if ([...namesIn(annotations)].every((name) => vocNames.includes(name))) return vocNames;
  const folder = join(spec.path, "Annotations");
  const files = await reading(folder, () => readdir(folder));
  const ids = files.filter((file) => file.endsWith(".xml")).map((file) => file.slice(0, -".xml".length));
  return [...namesIn(await readAnnotations(spec.path, ids))].sort();
}

function namesIn(annotations: readonly VocAnnotation[]): Set<string> {
  return new Set(annotations.flatMap(({ objects }) => objects.map(({ name }) => name)));
}

/** VOC's images are .jpg; sets of the same layout also have .jpeg and .png. */
async function imagesOf(
  { path, split }: VocSpec,
  task: string,
  ids: readonly string[],
  beside: readonly string[],
): Promise<ImageDataset> {
  const folder = join(path, "JPEGImages");
  const files = await reading(folder, () => readdir(folder));
  const fileOf = new Map(files.map((file) => [file.replace(/\.(jpe?g|png)$/i, ""), file]));
  const images = ids.map((id) => ({
    id,
    file: `JPEGImages/${fileOf.get(id) ?? `${id}.jpg`}`,
    label: unlabelled,
  }));
  const list = join(path, "ImageSets", task, `${split}.txt`);
  const dataset = await listedImages({ kind: "voc", root: path, list, images, classes: null, beside });
  return { ...dataset, name: `${basename(path)} ${split}` };
}

async function sizeOf(images: ImageDataset, { size }: VocAnnotation, index: number): Promise<ImageSize> {
  return size ?? sizeInHeader(await images.read(index));
}

interface Taken {
  readonly size: ImageSize;
  readonly source: string;
  readonly names: readonly string[];
  readonly count: BoxCount;
}

function takeObject(
  { name, box: written, difficult }: VocObject,
  { size, source, names, count }: Taken,
): AnnotatedObject[] {
  const label = names.indexOf(name);
  if (label < 0) {
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${source} has an object of class ${JSON.stringify(name)}, which the class list does not have`,
      { hint: `did you mean ${nearest(name, names)}?`, details: { source, name } },
    );
  }
  const box = count.take(written, size, () => `${source} (${name})`);
  return box === null ? [] : [{ label, box, area: box[2] * box[3], crowd: false, difficult }];
}

function at(index: number, ids: readonly string[], { name }: ImageDataset): number {
  checkIndex(index, ids.length, name);
  return index;
}
