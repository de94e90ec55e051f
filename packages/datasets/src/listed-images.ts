/** Datasets whose images are named by lists: files below a folder, with labels known before any image is read. */
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DifftapError } from "@difftap/core";
import { checkIndex, type ImageDataset } from "./dataset.js";
import { fingerprint } from "./files/fingerprint.js";
import { reading } from "./files/read-errors.js";
import { readWhole } from "./files/read-file.js";
import { limiter } from "./in-order.js";

export interface ListedImage {
  /** Path below the root, with "/"; the image's id unless `id` is given. */
  readonly file: string;
  readonly id?: string;
  readonly label: number;
}

export interface ListedImages {
  /** The kind, for the digest. */
  readonly kind: string;
  /** As the caller wrote it. */
  readonly root: string;
  /** What the list is, for messages: a path, or a path and a place in it. */
  readonly list: string;
  readonly images: readonly ListedImage[];
  readonly classes: readonly string[] | null;
  /** What else tells the content apart: annotations, for instance. */
  readonly beside?: readonly (string | number)[];
}

/** System calls in flight while files are looked up. */
const LOOKUPS = 32;

/**
 * The digest covers ids, labels, class names and file sizes, not the bytes of the images.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED for an empty list, an image named twice or out of the folder
 */
export async function listedImages(of: ListedImages): Promise<ImageDataset> {
  const { root, images, classes } = of;
  checkList(of);
  const limit = limiter(LOOKUPS);
  const sizes = await Promise.all(images.map(({ file }) => limit(() => sizeOf(join(root, file), of.list))));
  const ids = images.map(({ id, file }) => id ?? file);
  return {
    name: basename(resolve(root)),
    length: images.length,
    classes,
    digest: fingerprint([
      of.kind,
      ...(classes ?? []),
      ...images.flatMap(({ label }, i) => [ids[i]!, label, sizes[i]!]),
      ...(of.beside ?? []),
    ]),
    id: (index) => ids[index]!,
    label: (index) => images[index]!.label,
    read: async (index) => {
      checkIndex(index, images.length, root);
      const path = join(root, images[index]!.file);
      return { kind: "encoded", bytes: await readWhole(path), source: path };
    },
  };
}

/** @throws DifftapError DATA_REFUSED for a name that leads out of the folder it is below. */
export function checkBelow(file: string, list: string): void {
  if (!file.startsWith("/") && !file.split(/[/\\]/).includes("..")) return;
  throw new DifftapError(
    "DATA_REFUSED",
    `${list} names ${JSON.stringify(file)}, which lies out of its folder`,
  );
}

function checkList({ images, list }: ListedImages): void {
  if (images.length === 0) throw new DifftapError("DATA_REFUSED", `${list} names no images`);
  const seen = new Set<string>();
  for (const { id, file } of images) {
    checkBelow(file, list);
    const name = id ?? file;
    if (seen.has(name)) throw new DifftapError("DATA_REFUSED", `${list} names ${name} twice`);
    seen.add(name);
  }
}

async function sizeOf(path: string, list: string): Promise<number> {
  const status = await reading(path, () => stat(path), `${list} names it: unpack all of the images`);
  if (status.isFile()) return status.size;
  throw new DifftapError("DATA_REFUSED", `${path} is not a regular file`, { details: { path } });
}
