/** One chunk of one array: raw values to and from its file. */
import { DifftapError, elementCount } from "@difftap/core";
import * as zarr from "zarrita";
import type { StoreDescription } from "./description.js";
import { type ArrayLayout, arrayMetadata, chunkPath, chunkRows } from "./layout.js";

/** Values as they lie on disk: halves as their 16 bits, booleans as bytes. */
export type StoredValues = Uint16Array | Float32Array | Int32Array | Uint8Array | string[];

// Node 20 has no Float16Array, so zarrita is shown halves as integers: the bytes are the same.
const shownAs = {
  float16: "uint16",
  float32: "float32",
  int32: "int32",
  bool: "uint8",
  string: "string",
} as const;

/** A Zarr array known from the description rather than from its file, which has been compared with it. */
export function zarrArray<Store extends zarr.Readable>(
  store: Store,
  layout: ArrayLayout,
  description: StoreDescription,
) {
  const metadata = arrayMetadata(layout, description);
  const shown = {
    ...metadata,
    data_type: shownAs[layout.type],
    fill_value: layout.type === "string" ? "" : 0,
  };
  return new zarr.Array(store, `/${layout.name}`, shown as unknown as zarr.ArrayMetadata);
}

/** Where a chunk lies and how long it must be. */
export interface ChunkAddress {
  readonly root: string;
  readonly description: StoreDescription;
  readonly layout: ArrayLayout;
  readonly chunk: number;
}

/**
 * Reads one chunk, checks its checksum and length, and cuts the padding off the last one.
 * @throws DifftapError STORE_CORRUPT naming file and array when it is missing, truncated or changed; READ_FAILED; INTERRUPTED.
 */
export async function readChunk(
  array: zarr.Array<zarr.DataType, zarr.Readable>,
  address: ChunkAddress,
  signal?: AbortSignal,
): Promise<StoredValues> {
  const { layout, chunk, description } = address;
  const position = [chunk, ...layout.sampleShape.map(() => 0)];
  const values = await array
    .getChunk(position, { signal: signal as AbortSignal })
    .then(({ data }) => data as unknown as StoredValues)
    .catch((error: unknown) => {
      throw asCorrupt(address, error);
    });
  const row = elementCount(layout.sampleShape);
  if (values.length !== row * description.chunkSamples) {
    throw corrupt(address, `it holds ${values.length} values instead of ${row * description.chunkSamples}`);
  }
  const { count } = chunkRows(description, chunk);
  return Array.isArray(values) ? values.slice(0, count) : values.subarray(0, row * count);
}

function asCorrupt(address: ChunkAddress, error: unknown): unknown {
  if (error instanceof DifftapError) return error;
  const cause = zarr.isZarritaError(error, "CodecPipelineError") ? error.cause : error;
  return corrupt(address, (cause as Error).message, error);
}

function corrupt({ root, layout, chunk }: ChunkAddress, reason: string, cause?: unknown): DifftapError {
  const file = chunkPath(root, layout, chunk);
  return new DifftapError(
    "STORE_CORRUPT",
    `chunk ${chunk} of ${layout.name} cannot be used: ${reason} (${file})`,
    {
      hint: "run the same extraction again: it computes missing and damaged chunks and leaves the others",
      details: { file, array: layout.name, chunk, reason },
      cause,
    },
  );
}

/**
 * Writes the rows of one chunk.
 * @throws DifftapError WRITE_FAILED
 */
export async function writeChunk(
  array: zarr.Array<zarr.DataType, zarr.Mutable>,
  { layout, chunk, description }: ChunkAddress,
  values: StoredValues,
): Promise<void> {
  const { start, count } = chunkRows(description, chunk);
  const shape = [count, ...layout.sampleShape];
  const stride = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const selection = [zarr.slice(start, start + count), ...layout.sampleShape.map(() => null)];
  await zarr.set(array, selection, { data: values, shape, stride } as unknown as zarr.Chunk<zarr.DataType>);
}
