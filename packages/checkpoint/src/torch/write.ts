/**
 * Writes `.pt` as torch.save does since 1.6: the old file or the new one, never half of it.
 *
 * ```ts
 * import { writeTorch } from "@difftap/checkpoint";
 * import { ndarray } from "@difftap/core";
 *
 * await writeTorch("model.pt", { "out.2.bias": ndarray("float32", [6]) }); // torch.load("model.pt", weights_only=True)
 * ```
 */
import {
  type AtomicOptions,
  bytesOf,
  bytesPerElement,
  DifftapError,
  elementCount,
  type NdArray,
  writeFileAtomic,
} from "@difftap/core";
import { memoryWeights } from "../memory.js";
import { pickleStateDict } from "../pickle/write.js";
import { quoted } from "../refuse.js";
import type { TensorInfo, WeightSource } from "../weights.js";
import { type StoredMember, zipPieces } from "../zip/write.js";

/** The folder inside the archive; PyTorch takes any. */
const ROOT = "archive";
const FORMAT_VERSION = "3\n";

/**
 * A state dict, tensors in the order given, to a file that PyTorch loads, with `weights_only` too.
 * @throws DifftapError WRITE_FAILED naming the path; USAGE_INVALID for data that does not fit its shape.
 */
export async function writeTorch(
  path: string,
  tensors: Readonly<Record<string, NdArray>>,
  options: AtomicOptions = {},
): Promise<void> {
  await copyToTorch(memoryWeights(tensors), path, options);
}

/**
 * Every tensor of a source, read and written one at a time: converts a checkpoint of any size in the memory of its largest tensor.
 * @throws DifftapError as `writeTorch`, and what reading the source throws. The old file then stays as it was.
 */
export async function copyToTorch(
  source: WeightSource,
  path: string,
  options: AtomicOptions = {},
): Promise<void> {
  await writeFileAtomic(path, zipPieces(membersOf(source)), options);
}

function membersOf(source: WeightSource): StoredMember[] {
  const tensors = [...source.tensors.values()];
  const storages = tensors.map((info, index) => ({
    name: `${ROOT}/data/${index}`,
    size: elementCount(info.shape) * bytesPerElement(info.dtype),
    read: async () => checkedBytes(info, await source.read(info.name)),
  }));
  return [
    inMemory("data.pkl", pickleStateDict(tensors)),
    inMemory("byteorder", Buffer.from("little")),
    ...storages,
    inMemory("version", Buffer.from(FORMAT_VERSION)),
  ];
}

function inMemory(name: string, bytes: Uint8Array): StoredMember {
  return { name: `${ROOT}/${name}`, size: bytes.length, read: async () => bytes };
}

function checkedBytes({ name, shape, dtype }: TensorInfo, array: NdArray): Uint8Array {
  const expected = elementCount(shape);
  if (array.dtype === dtype && array.data.length === expected) return bytesOf(array);
  throw new DifftapError(
    "USAGE_INVALID",
    `tensor ${quoted(name)} has ${array.data.length} elements of ${array.dtype}, its shape [${shape.join(", ")}] needs ${expected} of ${dtype}`,
  );
}
