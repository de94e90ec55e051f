/**
 * Writes .safetensors: the old file or the new one, never half of it.
 *
 * ```ts
 * import { writeSafetensors } from "@difftap/checkpoint";
 * import { ndarray } from "@difftap/core";
 *
 * await writeSafetensors("head.safetensors", { "fc.weight": ndarray("float32", [10, 64]) }, { epoch: "3" });
 * ```
 */
import {
  type AtomicOptions,
  bytesOf,
  DifftapError,
  elementCount,
  type LongWork,
  type NdArray,
  throwIfAborted,
  writeFileAtomic,
} from "@difftap/core";
import { memoryWeights } from "../memory.js";
import { quoted } from "../refuse.js";
import type { WeightSource } from "../weights.js";
import { type Layout, layoutOf } from "./layout.js";

export interface CopyOptions extends AtomicOptions, LongWork {
  /** The source's own unless given. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Tensors in memory to a file; they are written one after the other, so nothing is held twice.
 * @throws DifftapError WRITE_FAILED naming the path; USAGE_INVALID for a duplicate name, or data that does not fit its shape.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [string, NdArray]> | Readonly<Record<string, NdArray>>,
  metadata: Readonly<Record<string, string>> = {},
  options: AtomicOptions = {},
): Promise<void> {
  const pairs = isIterable(tensors) ? [...tensors] : Object.entries(tensors);
  const layout = layoutOf(
    pairs.map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    metadata,
  );
  const source = memoryWeights(Object.fromEntries(pairs));
  await writeFileAtomic(path, piecesOf(layout, source), options);
}

/**
 * Every tensor of a source, read and written one at a time: converts a checkpoint of any size in the memory of its largest tensor.
 * @throws DifftapError WRITE_FAILED, INTERRUPTED, and what reading the source throws. The old file then stays as it was.
 */
export async function copyToSafetensors(
  source: WeightSource,
  path: string,
  options: CopyOptions = {},
): Promise<void> {
  const layout = layoutOf(source.tensors.values(), options.metadata ?? source.metadata);
  await writeFileAtomic(path, piecesOf(layout, source, options), options);
}

function isIterable(
  tensors: Iterable<readonly [string, NdArray]> | Readonly<Record<string, NdArray>>,
): tensors is Iterable<readonly [string, NdArray]> {
  return Symbol.iterator in tensors;
}

async function* piecesOf(
  { front, order, size }: Layout,
  source: WeightSource,
  { signal, onProgress }: LongWork = {},
): AsyncGenerator<Uint8Array> {
  yield front;
  let done = front.length;
  for (const { name } of order) {
    throwIfAborted(signal);
    const bytes = checkedBytes(name, await source.read(name));
    yield bytes;
    done += bytes.length;
    onProgress?.({ task: "safetensors", done, total: size, unit: "bytes" });
  }
}

/** A wrong length would shift every tensor behind it. */
function checkedBytes(name: string, array: NdArray): Uint8Array {
  const expected = elementCount(array.shape);
  if (array.data.length === expected) return bytesOf(array);
  throw new DifftapError(
    "USAGE_INVALID",
    `tensor ${quoted(name)} has ${array.data.length} elements, its shape [${array.shape.join(", ")}] needs ${expected}`,
  );
}
