/** Folders of images with folders of masks beside them, one mask per image. */
import { readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import type { SegmentationDataset } from "./annotations.js";
import { unlabelled } from "./dataset.js";
import { type Layout, otherLayout, shortList } from "./files/layout.js";
import { reading } from "./files/read-errors.js";
import { type IndexedMaps, indexedMaps } from "./label-maps.js";
import { listedImages } from "./listed-images.js";

export interface MaskFolders extends Pick<IndexedMaps, "labelNames" | "labelOf"> {
  readonly kind: string;
  readonly root: string;
  /** Folder of the images, below the root; those in folders below it take part. */
  readonly images: string;
  /** The mask of an image, below the root. @param file the image, below `images` */
  maskOf(file: string): string;
  readonly layout: Layout;
}

const imageName = /\.(jpe?g|png|webp)$/i;

/**
 * Opens them sorted by name. An id is the image's path below the root. The digest covers ids, file sizes, names of masks
 * and of labels.
 * @throws DifftapError DATA_REFUSED when there are no images, or one has no mask; as `listedImages` does
 */
export async function openMaskFolders(of: MaskFolders): Promise<SegmentationDataset> {
  const { kind, root, layout, labelNames } = of;
  const found = await filesBelow(root, of.images);
  const images = found.filter((file) => imageName.test(file)).sort();
  if (images.length === 0) {
    throw otherLayout(root, `${of.images} holds no images (there is ${shortList(found)})`, layout);
  }
  const masks = images.map(of.maskOf);
  await requireMasks(of, images, masks);
  const dataset = await listedImages({
    kind,
    root,
    list: join(root, of.images),
    images: images.map((file) => ({ file: `${of.images}/${file}`, label: unlabelled })),
    classes: null,
    beside: [...masks, ...labelNames],
  });
  return indexedMaps(dataset, { root, files: masks, labelNames, labelOf: of.labelOf });
}

async function requireMasks(
  of: MaskFolders,
  images: readonly string[],
  masks: readonly string[],
): Promise<void> {
  const there = new Set<string>();
  for (const folder of new Set(masks.map((mask) => posix.dirname(mask)))) {
    const names = await readdir(join(of.root, folder)).catch(() => []);
    for (const name of names) there.add(`${folder}/${name}`);
  }
  const without = masks.findIndex((mask) => !there.has(mask));
  if (without < 0) return;
  throw otherLayout(of.root, `${of.images}/${images[without]} has no mask ${masks[without]}`, of.layout);
}

/** Paths of files below `folder`, with "/"; names that begin with "." are passed over. */
async function filesBelow(root: string, folder: string): Promise<string[]> {
  const path = join(root, folder);
  const entries = await reading(path, () => readdir(path, { withFileTypes: true }));
  const files: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (!entry.isDirectory()) files.push(entry.name);
    else
      files.push(
        ...(await filesBelow(root, `${folder}/${entry.name}`)).map((file) => `${entry.name}/${file}`),
      );
  }
  return files;
}

/** `a/b.jpg` → `a/b`. */
export function stemOf(file: string): string {
  return file.replace(/\.[^./]+$/, "");
}
