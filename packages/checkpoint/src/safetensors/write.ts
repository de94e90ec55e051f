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
import { bytesOf, DifftapError, elementCount, type NdArray } from "@difftap/core";
import { writePiecesAtomic } from "../atomic-pieces.js";
import { memoryWeights } from "../memory.js";
import type { WeightSource } from "../weights.js";
import { layoutOf } from "./layout.js";

/**
 * Tensors in memory to a file; they are written one after the other, so nothing is held twice.
 * @throws DifftapError WRITE_FAILED naming the path; USAGE_INVALID for a duplicate name, or data that does not fit its shape.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [string, NdArray]> | Readonly<Record<string, NdArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const pairs =
    Symbol.iterator in tensors
      ? [...(tensors as Iterable<readonly [string, NdArray]>)]
      : Object.entries(tensors);
  const byName = Object.fromEntries(pairs);
  const infos = pairs.map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const layout = layoutOf(infos, metadata);
  await writePiecesAtomic(path, piecesOf(layout.front, layout.order, memoryWeights(byName)));
}

/**
 * Every tensor of a source, read and written one at a time: converts a checkpoint of any size in the memory of its largest tensor.
 * Metadata is the source's unless given.
 * @throws DifftapError WRITE_FAILED, and what reading the source throws.
 */
export async function copyToSafetensors(
  source: WeightSource,
  path: string,
  metadata: Readonly<Record<string, string>> = source.metadata,
): Promise<void> {
  const layout = layoutOf(source.tensors.values(), metadata);
  await writePiecesAtomic(path, piecesOf(layout.front, layout.order, source));
}

async function* piecesOf(
  front: Uint8Array,
  order: readonly { readonly name: string }[],
  source: WeightSource,
): AsyncGenerator<Uint8Array> {
  yield front;
  for (const { name } of order) yield checkedBytes(name, await source.read(name));
}

/** A wrong length would shift every tensor behind it. */
function checkedBytes(name: string, array: NdArray): Uint8Array {
  const expected = elementCount(array.shape);
  if (array.data.length === expected) return bytesOf(array);
  throw new DifftapError(
    "USAGE_INVALID",
    `tensor ${JSON.stringify(name)} has ${array.data.length} elements, its shape [${array.shape.join(", ")}] needs ${expected}`,
  );
}
