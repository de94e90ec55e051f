/** The allow-list: every name a state dict may speak of, and what it makes. All else is refused by name. */
import { bytesPerElement, type DType } from "@difftap/core";
import { PickleFailure } from "./failure.js";
import { buildTensor } from "./tensor.js";
import { type DictValue, isGlobal, isList, isStorage, isTensor, kindOf, type PickleValue } from "./values.js";

/** Storage classes of the `torch` module. */
const storageDtypes: Readonly<Record<string, DType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

/** `torch.dtype`s, as `_rebuild_tensor_v3` is handed them. */
const namedDtypes: Readonly<Record<string, DType>> = {
  float64: "float64",
  float32: "float32",
  float16: "float16",
  bfloat16: "bfloat16",
  int64: "int64",
  int32: "int32",
  int16: "int16",
  int8: "int8",
  uint8: "uint8",
  bool: "bool",
};

/** Bytes without an element type; its tensors say theirs. */
const UNTYPED_STORAGE = "torch.storage.UntypedStorage";

type Build = (argumentList: readonly PickleValue[]) => PickleValue;

const builders: ReadonlyMap<string, Build> = new Map<string, Build>([
  ["collections.OrderedDict", orderedDict],
  ["torch.Size", ([items]) => ({ kind: "tuple", items: isList(items) ? [...items.items] : [] })],
  ["torch._utils._rebuild_tensor", rebuildTensor],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_tensor_v3", rebuildTensorWithDtype],
  ["torch._utils._rebuild_parameter", rebuildParameter],
]);

const dtypeOfStorage: ReadonlyMap<string, DType> = new Map(
  Object.entries(storageDtypes).flatMap(([name, dtype]) => [
    [`torch.${name}`, dtype] as const,
    [`torch.cuda.${name}`, dtype] as const,
  ]),
);

const dtypeOfName: ReadonlyMap<string, DType> = new Map(
  Object.entries(namedDtypes).map(([name, dtype]) => [`torch.${name}`, dtype]),
);

/** Every name a pickle may ask for. */
export const allowedGlobals: ReadonlySet<string> = new Set([
  ...builders.keys(),
  ...dtypeOfStorage.keys(),
  ...dtypeOfName.keys(),
  UNTYPED_STORAGE,
]);

/** Name, in the `torch` module, of the storage class of an element type. */
export function storageClass(dtype: DType): string {
  const found = Object.entries(storageDtypes).find(([, each]) => each === dtype);
  return found![0];
}

/** The element type of a storage class; null for untyped bytes. */
export function storageDtype(value: PickleValue | undefined): DType | null {
  if (isGlobal(value)) {
    if (value.name === UNTYPED_STORAGE) return null;
    const dtype = dtypeOfStorage.get(value.name);
    if (dtype) return dtype;
  }
  throw new PickleFailure(
    `persistent id names ${isGlobal(value) ? value.name : kindOf(value)} where a storage class belongs`,
  );
}

/** What REDUCE makes of an allowed global and its arguments. */
export function callGlobal(
  callee: PickleValue | undefined,
  argumentList: PickleValue | undefined,
): PickleValue {
  const build = isGlobal(callee) ? builders.get(callee.name) : undefined;
  if (!build || !isGlobal(callee))
    throw new PickleFailure(
      `calls ${isGlobal(callee) ? callee.name : kindOf(callee)}, which is not a function`,
    );
  if (!isList(argumentList))
    throw new PickleFailure(`calls ${callee.name} with ${kindOf(argumentList)} instead of a tuple`);
  return build(argumentList.items);
}

/** Python 3 fills it by SETITEMS; Python 2 handed over a list of pairs. */
function orderedDict([pairs]: readonly PickleValue[]): DictValue {
  if (pairs === undefined) return { kind: "dict", entries: [] };
  if (!isList(pairs)) throw new PickleFailure(`OrderedDict of ${kindOf(pairs)} instead of a list of pairs`);
  const entries = pairs.items.flatMap((pair) => {
    if (isList(pair) && pair.items.length === 2) return pair.items;
    throw new PickleFailure("OrderedDict holds something that is not a pair");
  });
  return { kind: "dict", entries };
}

/** (storage, offset, size, stride, …): what follows is gradients and hooks. */
function rebuildTensor([storage, offset, shape, strides]: readonly PickleValue[]): PickleValue {
  if (!isStorage(storage)) throw new PickleFailure(`tensor over ${kindOf(storage)} instead of a storage`);
  if (storage.dtype === null) throw new PickleFailure("tensor without dtype over an untyped storage");
  return buildTensor(storage, storage.dtype, offset, shape, strides);
}

/** As above with requires_grad, hooks, dtype; the storage is untyped or of another dtype of the same width. */
function rebuildTensorWithDtype([
  storage,
  offset,
  shape,
  strides,
  ,
  ,
  named,
]: readonly PickleValue[]): PickleValue {
  const dtype = isGlobal(named) ? dtypeOfName.get(named.name) : undefined;
  if (!dtype)
    throw new PickleFailure(
      `tensor with ${isGlobal(named) ? named.name : kindOf(named)} where a dtype belongs`,
    );
  if (!isStorage(storage)) throw new PickleFailure(`tensor over ${kindOf(storage)} instead of a storage`);
  const width = storage.dtype === null ? 1 : bytesPerElement(storage.dtype);
  const length = (storage.length * width) / bytesPerElement(dtype);
  const start = (storage.start * width) / bytesPerElement(dtype);
  if (!Number.isInteger(length) || !Number.isInteger(start))
    throw new PickleFailure(`storage is no whole number of ${dtype}`);
  return buildTensor({ ...storage, dtype, length, start }, dtype, offset, shape, strides);
}

/** (tensor, requires_grad, hooks): an nn.Parameter is its tensor. */
function rebuildParameter([tensor]: readonly PickleValue[]): PickleValue {
  if (!isTensor(tensor)) throw new PickleFailure(`parameter of ${kindOf(tensor)} instead of a tensor`);
  return tensor;
}
