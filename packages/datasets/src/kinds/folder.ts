/** A folder of images: one sub-folder per class, or images alone without labels. */
import { opendir, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import { checkIndex, type ImageDataset, unlabelled } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { fingerprint } from "../files/fingerprint.js";
import { reading } from "../files/read-errors.js";
import { readWhole } from "../files/read-file.js";

export interface FolderSpec {
  readonly path: string;
}

/**
 * Opens a folder. The class of an image is the sub-folder of `path` it lies under, at any depth; classes are numbered in
 * sorted order, empty ones included. Images directly in `path` and no class folders: an unlabelled dataset.
 * An id is the path below `path`, with "/". Order: sorted by id. Names that begin with "." are passed over.
 * The digest covers ids and file sizes, not the bytes of the images.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED when there are no images or a link leads out of the folder;
 * LABELS_MISMATCH when images lie both in and beside class folders.
 */
export async function openFolder(spec: FolderSpec): Promise<ImageDataset> {
  const root = await reading(spec.path, () => realpath(spec.path));
  const found: Found = { images: [], folders: [], suffixes: new Map() };
  await collect({ root, shown: spec.path }, "", found);
  found.images.sort((a, b) => (a.id < b.id ? -1 : 1));
  const { images } = found;
  if (images.length === 0) throw noImages(spec.path, found.suffixes);
  const { classes, labels } = classesOf(found, spec.path);
  return {
    name: basename(root),
    length: images.length,
    classes,
    digest: fingerprint(["folder", ...(classes ?? []), ...images.flatMap(({ id, size }) => [id, size])]),
    id: (index) => images[index]!.id,
    label: (index) => labels[index]!,
    read: async (index) => {
      checkIndex(index, images.length, spec.path);
      const path = join(spec.path, images[index]!.id);
      return { kind: "encoded", bytes: await readWhole(path), source: path };
    },
  };
}

export const folder = defineDataset<FolderSpec>({
  kind: "folder",
  usage: "folder:data/flowers",
  takesPath: true,
  options: [],
  schema: z.strictObject({ path: z.string().min(1) }),
  open: openFolder,
});

interface Found {
  readonly images: { id: string; size: number }[];
  /** First-level folders: the classes. */
  readonly folders: string[];
  /** How many files of each other suffix were passed over. */
  readonly suffixes: Map<string, number>;
}

interface Tree {
  /** Without links. */
  readonly root: string;
  /** As the caller wrote it. */
  readonly shown: string;
}

const imageName = /\.(jpe?g|png|webp)$/i;

async function collect(tree: Tree, below: string, found: Found): Promise<void> {
  const path = join(tree.root, below);
  const folders: string[] = [];
  const images: string[] = [];
  await reading(join(tree.shown, below), async () => {
    for await (const entry of await opendir(path)) {
      if (entry.name.startsWith(".")) continue;
      const id = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isSymbolicLink()) await checkLink(tree, id);
      if (entry.isDirectory()) folders.push(id);
      else if (imageName.test(entry.name)) images.push(id);
      else countSuffix(found, entry.name);
    }
    const sized = await Promise.all(images.map(async (id) => ({ id, size: await sizeOf(tree, id) })));
    for (const image of sized) found.images.push(image);
  });
  if (below === "") found.folders.push(...folders);
  for (const id of folders) await collect(tree, id, found);
}

/** Links may point at files of the same tree; anything else could bring in what the folder does not hold, or never end. */
async function checkLink(tree: Tree, id: string): Promise<void> {
  const shown = join(tree.shown, id);
  const target = await reading(
    shown,
    () => realpath(join(tree.root, id)),
    "the link points at nothing: remove it",
  );
  const inside = target.startsWith(tree.root + sep);
  if (inside && (await stat(target)).isFile()) return;
  throw new DifftapError(
    "DATA_REFUSED",
    `${shown} is a link ${inside ? "to a folder" : "out of the folder"}: ${target}`,
    {
      hint: "put the files themselves there, or name the folder they are in",
      details: { path: shown, target },
    },
  );
}

async function sizeOf(tree: Tree, id: string): Promise<number> {
  const status = await stat(join(tree.root, id));
  if (status.isFile()) return status.size;
  throw new DifftapError("DATA_REFUSED", `${join(tree.shown, id)} is not a regular file`);
}

function countSuffix(found: Found, name: string): void {
  const suffix = /\.[^.]+$/.exec(name)?.[0].toLowerCase() ?? "(none)";
  found.suffixes.set(suffix, (found.suffixes.get(suffix) ?? 0) + 1);
}

function classesOf(found: Found, path: string): { classes: string[] | null; labels: Int32Array } {
  const beside = found.images.filter(({ id }) => !id.includes("/"));
  if (beside.length === found.images.length)
    return { classes: null, labels: new Int32Array(found.images.length).fill(unlabelled) };
  if (beside.length > 0) {
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${path}: ${beside.length} images lie beside the class folders, such as ${beside[0]?.id}`,
      {
        hint: "move them into the folder of their class",
        details: { path, ids: beside.slice(0, 20).map(({ id }) => id) },
      },
    );
  }
  const classes = [...found.folders].sort();
  const numberOf = new Map(classes.map((name, index) => [name, index]));
  return {
    classes,
    labels: Int32Array.from(found.images, ({ id }) => numberOf.get(id.slice(0, id.indexOf("/")))!),
  };
}

function noImages(path: string, suffixes: ReadonlyMap<string, number>): DifftapError {
  const others = [...suffixes].map(([suffix, count]) => `${count} × ${suffix}`).join(", ");
  return new DifftapError(
    "DATA_REFUSED",
    `${path} holds no images${others === "" ? "" : ` (only ${others})`}`,
    {
      hint: "images are .jpg, .jpeg, .png or .webp files, in one folder per class",
      details: { path },
    },
  );
}
