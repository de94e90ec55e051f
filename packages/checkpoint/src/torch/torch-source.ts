/** A state dict whose storages lie in a file, as a weight source: the same for the zip and the legacy format. */
import { bytesPerElement, elementCount, type NdArray } from "@difftap/core";
import { spanOf } from "../pickle/tensor.js";
import type { TensorValue } from "../pickle/values.js";
import { allocate, type RandomAccessFile } from "../random-access-file.js";
import { unknownTensor } from "../refuse.js";
import { arrayFromBytes } from "../tensor-data.js";
import type { WeightSource } from "../weights.js";
import type { FlatStateDict } from "./state-dict.js";
import { gather, isContiguous } from "./strided.js";

/** Bytes `offset` to `offset + length` of a storage, in a buffer of their own. */
export type ReadStorage = (key: string, offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

export function torchSource(
  file: RandomAccessFile,
  { tensors, metadata }: FlatStateDict,
  readStorage: ReadStorage,
): WeightSource {
  const { path } = file;
  const infos = [...tensors].map(([name, { dtype, shape }]) => [name, { name, dtype, shape }] as const);
  return {
    path,
    tensors: new Map(infos),
    metadata,
    async read(name) {
      const tensor = tensors.get(name);
      if (!tensor) throw unknownTensor(path, name, tensors.keys());
      return readTensor(path, name, tensor, readStorage);
    },
    close: () => file.close(),
  };
}

async function readTensor(
  path: string,
  name: string,
  tensor: TensorValue,
  readStorage: ReadStorage,
): Promise<NdArray> {
  const { storage, dtype, shape, strides, offset } = tensor;
  const width = bytesPerElement(dtype);
  const span = spanOf(shape, strides) * width;
  // Also the guard of gather: [2^40, 0] has no elements but a very long loop.
  if (span === 0) return arrayFromBytes(path, name, dtype, shape, new Uint8Array(0));
  const bytes = await readStorage(storage.key, (storage.start + offset) * width, span);
  if (isContiguous(tensor)) return arrayFromBytes(path, name, dtype, shape, bytes);
  const gathered = allocate(path, elementCount(shape) * width, `tensor ${name}`);
  gather(bytes, gathered, width, shape, strides);
  return arrayFromBytes(path, name, dtype, shape, gathered);
}
