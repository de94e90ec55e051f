/** Training or test images as features: extracted into the run folder when a part asks for them, or stored before. */
import { DifftapError, type LongWork, sha256Hex, stableStringify } from "@difftap/core";
import { type FeatureStore, openFeatureStore } from "@difftap/feature-store";
import { parseRequest, type RequestedArray, requestedArrays } from "@difftap/taps";
import { type ExtractionJob, extractToStore } from "../features.js";
import type { Selection } from "../images.js";
import { type LabelledFeatures, readValid } from "../labelled.js";
import { type Cell, cellName, isSame } from "./cell.js";
import { viewed } from "./view.js";

/** The images as they are with the noise of the seed, or otherwise. */
export interface Variant {
  /** Another draw of noise: that of the seed + draw. */
  readonly draw?: number;
  /** A cropped and mirrored view. */
  readonly view?: number;
}

export interface Split {
  readonly name: "train" | "test";
  /** As results say it: which images. */
  readonly about: string;
  /** Changes with the images. */
  readonly digest: string;
  /** Images. */
  readonly count: number;
  readonly labelled: boolean;
  /** Absent where features were stored before. */
  readonly images: Selection | undefined;
  store(variant?: Variant): Promise<FeatureStore>;
  /** [n, d] at a cell; images that could not be read are left out. */
  features(cell: Cell, variant?: Variant): Promise<LabelledFeatures>;
}

export interface ImageSplit {
  readonly name: Split["name"];
  readonly images: Selection;
  /** What is asked of the images as they are; stores lie beside this one. */
  readonly job: SquareJob;
  readonly work: LongWork;
}

/** Views are of squares. */
type SquareJob = Omit<ExtractionJob, "images" | "size"> & { readonly size: number };

/** Images, each variant of which is extracted once. */
export function imageSplit({ name, images, job, work }: ImageSplit): Split {
  const opened = new Map<string, Promise<FeatureStore>>();
  const store = (variant: Variant = {}): Promise<FeatureStore> => {
    const ending = endingOf(variant);
    const extracting =
      opened.get(ending) ?? extractToStore(jobOf(job, images, variant), work).then((done) => done.store);
    opened.set(ending, extracting);
    return extracting;
  };
  return {
    name,
    about: `${name}, ${images.dataset.name}, first ${images.indices.length} images`,
    digest: sha256Hex(stableStringify([images.dataset.digest, images.indices.length])),
    count: images.indices.length,
    labelled: images.indices.every((index) => images.dataset.label(index) >= 0),
    images,
    store,
    async features(cell, variant = {}) {
      // Without noise one draw is as good as another.
      const { draw, ...rest } = variant;
      return readCell(await store(cell.timestep === "clean" ? rest : variant), cell, job.taps.pool, work);
    },
  };
}

function endingOf({ draw = 0, view }: Variant): string {
  return `${draw > 0 ? `-draw-${draw}` : ""}${view === undefined ? "" : `-view-${view}`}`;
}

function jobOf(job: SquareJob, images: Selection, variant: Variant): ExtractionJob {
  const { draw = 0, view } = variant;
  const { seed, timesteps } = job.taps;
  const shown = view === undefined ? images.dataset : viewed(images.dataset, { size: job.size, seed, view });
  const noisy = draw > 0 ? timesteps.filter((timestep) => timestep !== "clean") : timesteps;
  return {
    ...job,
    taps: { ...job.taps, seed: seed + draw, timesteps: noisy },
    images: { dataset: shown, indices: images.indices },
    store: `${job.store}${endingOf(variant)}`,
  };
}

/** Features that were stored before. @throws DifftapError as `openFeatureStore` */
export async function storedSplit(
  name: Split["name"],
  path: string,
  pool: number | "map",
  work: LongWork,
): Promise<Split> {
  const opened = await openFeatureStore(path);
  const [labels, valid] = [await opened.labels(), await opened.valid()];
  const count = valid.reduce((sum, each) => sum + each, 0);
  const store = async ({ draw = 0, view }: Variant = {}) => {
    if (draw === 0 && view === undefined) return opened;
    throw new DifftapError("REQUEST_INVALID", `${path} holds one reading of each image`, {
      hint: "other draws and views are read from images: give a data set",
    });
  };
  return {
    name,
    about: `${name}, ${path}, ${count} images`,
    digest: opened.requestHash,
    count,
    labelled: labels.every((label, row) => valid[row] === 0 || label >= 0),
    images: undefined,
    store,
    features: async (cell, variant) => readCell(await store(variant), cell, pool, work),
  };
}

async function readCell(
  store: FeatureStore,
  cell: Cell,
  pool: number | "map",
  work: LongWork,
): Promise<LabelledFeatures> {
  return readValid(store, arrayOf(store, cell, pool), { signal: work.signal });
}

/**
 * Name of a cell's array; of several pools the one asked for.
 * @throws DifftapError REQUEST_INVALID where there is none.
 */
export function arrayOf(store: FeatureStore, cell: Cell, pool: number | "map"): string {
  const own = arraysOf(store).filter(({ timestep, tap }) => isSame({ ...tap, timestep }, cell));
  const found = own.length === 1 ? own[0] : own.find(({ tap }) => tap.pool === pool);
  if (found) return found.name;
  throw new DifftapError("REQUEST_INVALID", `${store.path} has no array ${cellName(cell)} of pool ${pool}`, {
    hint: `it has ${store.arrays.map(({ name }) => name).join(", ")}; --blocks, --timesteps and --pool choose among them`,
    details: { ...cell, pool },
  });
}

/** Cells that a store holds of images of its own size, timestep by timestep. */
export function cellsIn(store: FeatureStore): Cell[] {
  const own = arraysOf(store).filter(({ tap }) => tap.size === undefined);
  const all = own.map(({ timestep, tap }) => ({ block: tap.block, timestep }));
  return all.filter((cell, place) => all.findIndex((other) => isSame(other, cell)) === place);
}

const arraysOf = (store: FeatureStore): RequestedArray[] => requestedArrays(parseRequest(store.request));
