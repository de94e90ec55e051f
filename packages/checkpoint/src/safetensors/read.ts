/** Reads .safetensors: the header once, then each tensor's bytes alone. */
import type { RandomAccessFile } from "../random-access-file.js";
import { unknownTensor } from "../refuse.js";
import { arrayFromBytes } from "../tensor-data.js";
import type { WeightSource } from "../weights.js";
import { headerLength, LENGTH_BYTES, parseHeader } from "./header.js";

/** @throws DifftapError CHECKPOINT_REFUSED, UNSUPPORTED (a dtype we cannot hold). */
export async function openSafetensors(file: RandomAccessFile): Promise<WeightSource> {
  const { path, size } = file;
  const length = headerLength(path, await file.read(0, LENGTH_BYTES, "the header's length"), size);
  const dataStart = LENGTH_BYTES + length;
  const header = parseHeader(path, await file.read(LENGTH_BYTES, length, "the header"), size - dataStart);
  const placed = new Map(header.tensors.map((tensor) => [tensor.name, tensor]));
  return {
    path,
    tensors: new Map(header.tensors.map(({ name, dtype, shape }) => [name, { name, dtype, shape }])),
    metadata: header.metadata,
    async read(name) {
      const tensor = placed.get(name);
      if (!tensor) throw unknownTensor(path, name, placed.keys());
      const { dtype, shape, start, end } = tensor;
      return arrayFromBytes(
        path,
        name,
        dtype,
        shape,
        await file.read(dataStart + start, end - start, `tensor ${name}`),
      );
    },
    close: () => file.close(),
  };
}
