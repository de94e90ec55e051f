/** MNIST's layout: a file of images and a file of labels in IDX format, gzipped or not. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import { checkIndex, type ImageDataset, unlabelled } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { fingerprint } from "../files/fingerprint.js";
import { type IdxFile, openIdx } from "../files/idx.js";

export interface IdxSpec {
  /** The images: `train-images-idx3-ubyte`, with or without `.gz`. [n, rows, columns] grey or [n, rows, columns, 3] RGB. */
  readonly path: string;
  /** The labels. Without it the file of the same name with `labels` and `idx1` for `images` and `idx3`. "none": unlabelled. */
  readonly labels?: string | undefined;
}

/** Images sampled into the digest, evenly over the file. */
const DIGEST_IMAGES = 64;

/**
 * Opens images and labels. An id is the image's number, six digits or more.
 * The digest covers the shape, all labels and 64 images spread over the file.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED for a wrong magic number or size; LABELS_MISMATCH when the counts differ
 */
export async function openIdxDataset(spec: IdxSpec): Promise<ImageDataset> {
  const images = await openIdx(spec.path, [3, 4]);
  try {
    const [count = 0, height = 0, width = 0, channels = 1] = images.shape;
    if (count * height * width === 0 || (channels !== 1 && channels !== 3)) {
      throw new DifftapError(
        "DATA_REFUSED",
        `${spec.path} holds images of shape ${images.shape.join("×")}; grey or RGB images are read`,
      );
    }
    const labels = await readLabels(spec, count);
    const bytes = height * width * channels;
    const values = (index: number) => images.source.read(images.start + index * bytes, bytes);
    return {
      name: basename(spec.path),
      length: count,
      classes: null,
      digest: await digest(images, labels, values),
      id: (index) => String(index).padStart(6, "0"),
      label: (index) => labels[index]!,
      read: async (index) => {
        checkIndex(index, count, spec.path);
        const pixels = toRgb(await values(index), channels);
        return { kind: "pixels", pixels, width, height, source: `${spec.path}, image ${index}` };
      },
      close: () => images.source.close(),
    };
  } catch (error) {
    await images.source.close();
    throw error;
  }
}

export const idx = defineDataset<IdxSpec>({
  kind: "idx",
  usage: "idx:data/mnist/train-images-idx3-ubyte.gz",
  takesPath: true,
  options: ["labels"],
  schema: z.strictObject({ path: z.string().min(1), labels: z.string().min(1).optional() }),
  open: openIdxDataset,
});

async function readLabels(spec: IdxSpec, count: number): Promise<Int32Array> {
  if (spec.labels === "none") return new Int32Array(count).fill(unlabelled);
  const path = spec.labels ?? labelPath(spec.path);
  const file = await openIdx(path, [1]);
  try {
    const labels = file.shape[0] ?? 0;
    if (labels !== count) {
      throw new DifftapError(
        "LABELS_MISMATCH",
        `${path} has ${labels} labels, ${spec.path} has ${count} images`,
        {
          hint: "the two files belong to different sets, or one is cut short",
          details: { labels, images: count },
        },
      );
    }
    return Int32Array.from(await file.source.read(file.start, count));
  } finally {
    await file.source.close();
  }
}

function labelPath(images: string): string {
  const name = basename(images);
  const renamed = name.replace("images", "labels").replace(/idx[34]/, "idx1");
  const path = images.slice(0, images.length - name.length) + renamed;
  const candidates = renamed === name ? [] : [path, `${path}.gz`, path.replace(/\.gz$/i, "")];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new DifftapError(
    "FILE_MISSING",
    `no labels for ${images}${renamed === name ? "" : `: ${path} does not exist`}`,
    {
      hint: "name them by labels=PATH, or write labels=none for images without labels",
      details: { path },
    },
  );
}

async function digest(
  images: IdxFile,
  labels: Int32Array,
  values: (index: number) => Promise<Uint8Array>,
): Promise<string> {
  const count = labels.length;
  const sampled: string[] = [];
  for (let i = 0; i < Math.min(count, DIGEST_IMAGES); i++) {
    const index = Math.floor((i * count) / Math.min(count, DIGEST_IMAGES));
    sampled.push(Buffer.from(await values(index)).toString("base64"));
  }
  return fingerprint(["idx", images.shape.join("x"), labels.join(","), ...sampled]);
}

function toRgb(values: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return values;
  const pixels = new Uint8Array(values.length * 3);
  for (let i = 0; i < values.length; i++) pixels.fill(values[i]!, 3 * i, 3 * i + 3);
  return pixels;
}
