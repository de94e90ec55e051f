/** COCO: boxes and masks of a whole set in one JSON file, images in a folder. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import type { AnnotatedObject, DetectionDataset } from "../annotations.js";
import { buildIndex, type CocoIndex } from "../coco/build-index.js";
import { cocoObject } from "../coco/object.js";
import { type CocoImage, checked, cocoAnnotation } from "../coco/schema.js";
import { checkIndex, unlabelled } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { type ByteSource, fileSource } from "../files/byte-source.js";
import { fingerprint } from "../files/fingerprint.js";
import { readError } from "../files/read-errors.js";
import { decodeText, readWhole } from "../files/read-file.js";

export interface CocoSpec {
  /** The annotations: `annotations/instances_val2017.json`. */
  readonly path: string;
  /** The folder of the images; see `openCoco` for where it is looked for without. */
  readonly images?: string | undefined;
}

/** Bytes read at once while the file is indexed. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Opens a file of instances. It is read once, as a stream; in memory stay names, sizes and where each annotation lies, and
 * `objects` reads the annotations of its image. Labels are the categories in the order of their ids. An id is the image's
 * file name. Boxes without area are dropped, boxes over the edge by a pixel or more cut; `report` counts both.
 * Without `images` the folder is looked for where COCO has it, as `../val2017` of `instances_val2017.json`, then as `images`
 * and beside the file. The digest is the annotations' sha256; the images' bytes are not looked at.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED for what is not JSON, is cut short, or not COCO's
 */
export async function openCoco(spec: CocoSpec): Promise<DetectionDataset> {
  const hash = createHash("sha256");
  const index = await buildIndex(
    fileChunks(spec.path, (chunk) => hash.update(chunk)),
    spec.path,
  );
  const { images, categories } = index;
  const folder = await imageFolder(spec, images[0]!);
  const name = basename(spec.path);
  const file = reopened(() => fileSource(spec.path));
  const at = (place: number): CocoImage => {
    checkIndex(place, images.length, name);
    return images[place]!;
  };
  return {
    name,
    length: images.length,
    classes: null,
    digest: fingerprint(["coco", hash.digest("hex")]),
    id: (place) => images[place]!.file_name,
    label: () => unlabelled,
    read: async (place) => {
      const path = join(folder, at(place).file_name);
      return { kind: "encoded", bytes: await readWhole(path), source: path };
    },
    categories,
    imageSize: async (place) => ({ height: at(place).height, width: at(place).width }),
    imageId: (place) => at(place).id,
    objects: async (place) => readObjects(await file.open(), index, at(place), place),
    report: index.report,
    close: () => file.close(),
  };
}

export const coco = defineDataset<CocoSpec>({
  kind: "coco",
  usage: "coco:data/coco/annotations/instances_val2017.json",
  takesPath: true,
  options: ["images"],
  schema: z.strictObject({ path: z.string().min(1), images: z.string().min(1).optional() }),
  open: openCoco,
  openDetection: openCoco,
});

async function* fileChunks(path: string, see: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      see(chunk);
      yield chunk;
    }
  } catch (error) {
    throw readError(path, error);
  }
}

async function readObjects(
  file: ByteSource,
  { first, starts, lengths, categories }: CocoIndex,
  image: CocoImage,
  place: number,
): Promise<readonly AnnotatedObject[]> {
  const objects: AnnotatedObject[] = [];
  for (let slot = first[place]!; slot < first[place + 1]!; slot++) {
    const where = `${file.path}, annotation at byte ${starts[slot]}`;
    const bytes = await file.read(starts[slot]!, lengths[slot]!);
    const annotation = checked(cocoAnnotation, parsed(decodeText(bytes, where), where), where);
    const label = categories.findIndex(({ id }) => id === annotation.category_id);
    const object = cocoObject(annotation, { label, size: image, where });
    if (object !== null) objects.push(object);
  }
  return objects;
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DifftapError("DATA_REFUSED", `${where} is no longer there`, {
      hint: "the file was changed while it was in use",
      cause,
    });
  }
}

async function imageFolder({ path, images }: CocoSpec, { file_name }: CocoImage): Promise<string> {
  const beside = dirname(path);
  const split = /^(?:instances|person_keypoints)_(.+)\.json$/.exec(basename(path))?.[1];
  const ofSplit = split === undefined ? [] : [join(beside, "..", split), join(beside, "..", "images", split)];
  const usual = [...ofSplit, join(beside, "..", "images"), join(beside, "images"), beside];
  const folders = images === undefined ? usual : [images];
  for (const folder of folders) if (await isThere(join(folder, file_name))) return folder;
  throw new DifftapError(
    "FILE_MISSING",
    `the images of ${path} are not there: ${file_name} is in none of ${folders.join(", ")}`,
    {
      hint: "name the folder by images=PATH; expected annotations/instances_SPLIT.json with SPLIT/NAME.jpg beside annotations",
      details: { path, file: file_name, folders },
    },
  );
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A file that is opened when it is first needed, and again after it was closed. */
function reopened(open: () => Promise<ByteSource>): { open(): Promise<ByteSource>; close(): Promise<void> } {
  let opened: Promise<ByteSource> | undefined;
  return {
    open() {
      opened ??= open();
      opened.catch(() => {
        opened = undefined; // what could not be opened now may be there later
      });
      return opened;
    },
    async close() {
      const source = opened;
      opened = undefined;
      await (await source)?.close();
    },
  };
}
