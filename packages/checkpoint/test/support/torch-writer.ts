/** Checkpoints as torch.save lays them out, made of plain arrays. */
import { bytesOf, type DType, type NdArray } from "@difftap/core";
import { Call, Global, Persistent, pickle, Tuple, type Value } from "./pickle-writer.js";
import { type Entry, type ZipOptions, zip } from "./zip-writer.js";

const storageNames: Record<DType, string> = {
  float64: "DoubleStorage",
  float32: "FloatStorage",
  float16: "HalfStorage",
  bfloat16: "BFloat16Storage",
  int64: "LongStorage",
  int32: "IntStorage",
  int16: "ShortStorage",
  int8: "CharStorage",
  uint8: "ByteStorage",
  bool: "BoolStorage",
};

export interface TorchOptions {
  readonly protocol?: number;
  readonly deflate?: boolean;
  readonly zip64?: boolean;
  /** Instead of the state dict. */
  readonly root?: Value;
}

export const orderedDict = (items: readonly (readonly [Value, Value])[] = []): Call =>
  new Call(new Global("collections", "OrderedDict"), new Tuple(), undefined, items);

export function storage(key: string, dtype: DType, length: Value, ...view: Value[]): Persistent {
  return new Persistent(
    new Tuple("storage", new Global("torch", storageNames[dtype]), key, "cpu", length, ...view),
  );
}

export function tensor(
  stored: Value,
  shape: readonly Value[],
  strides: readonly Value[] = rowMajor(shape as number[]),
  offset: Value = 0,
): Call {
  const args = new Tuple(stored, offset, new Tuple(...shape), new Tuple(...strides), false, orderedDict());
  return new Call(new Global("torch._utils", "_rebuild_tensor_v2"), args);
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
}

/** Each array a tensor over a storage of its own, keyed "0", "1", …. */
export function stateDict(arrays: Record<string, NdArray>, legacy = false): Map<string, Value> {
  const view = legacy ? [null] : [];
  return new Map(
    Object.entries(arrays).map(([name, { dtype, shape, data }], index) => [
      name,
      tensor(storage(String(index), dtype, data.length, ...view), shape),
    ]),
  );
}

export function torchMembers(arrays: Record<string, NdArray>, options: TorchOptions = {}): Entry[] {
  const { deflate = false, zip64 = false } = options;
  const root = options.root ?? stateDict(arrays);
  const storages = Object.values(arrays).map((array, index) => ({
    name: `model/data/${index}`,
    bytes: bytesOf(array),
  }));
  const members = [
    { name: "model/data.pkl", bytes: pickle(root, options.protocol) },
    { name: "model/byteorder", bytes: Buffer.from("little") },
    ...storages,
    { name: "model/version", bytes: Buffer.from("3\n") },
  ];
  return members.map((member) => ({ ...member, deflate, zip64 }));
}

export function torchZip(arrays: Record<string, NdArray>, options: TorchOptions & ZipOptions = {}): Buffer {
  return zip(torchMembers(arrays, options), options);
}

const MAGIC = 0x1950a86a20f9469cfc6cn;

export function torchLegacy(arrays: Record<string, NdArray>, root?: Value, protocol = 2): Buffer {
  const list = Object.values(arrays);
  const system = new Map<string, Value>([
    ["protocol_version", 1001],
    ["little_endian", true],
  ]);
  const front = [MAGIC, 1001, system, root ?? stateDict(arrays, true), list.map((_, index) => String(index))];
  const storages = list.flatMap((array) => [
    Buffer.from(BigInt64Array.of(BigInt(array.data.length)).buffer),
    bytesOf(array),
  ]);
  return Buffer.concat([...front.map((value) => pickle(value, protocol)), ...storages]);
}
