/** The one pickle that a state dict needs: an OrderedDict of tensors over storages that lie outside, protocol 2. */
import { elementCount } from "@difftap/core";
import type { TensorInfo } from "../weights.js";
import { storageClass } from "./globals.js";

const PROTO = [0x80, 2];
const STOP = 0x2e;
const EMPTY_TUPLE = 0x29;
const MARK = 0x28;
const TUPLE = 0x74;
const REDUCE = 0x52;
const SETITEMS = 0x75;
const PERSISTENT_ID = 0x51;
const FALSE = 0x89;
const GLOBAL = 0x63;
const BYTE = 0x4b;
const INT32 = 0x4a;
const LONG = 0x8a;
const TEXT = 0x58;
const LARGEST_INT32 = 0x7fffffff;

/** Tensor i lies in the storage of key `i`, row-major from its beginning. */
export function pickleStateDict(tensors: readonly TensorInfo[]): Uint8Array {
  const items = tensors.flatMap((tensor, index) => [text(tensor.name), tensorValue(tensor, String(index))]);
  return Buffer.concat([
    Uint8Array.from(PROTO),
    orderedDict(),
    Uint8Array.of(MARK),
    ...items,
    Uint8Array.of(SETITEMS, STOP),
  ]);
}

function orderedDict(): Buffer {
  return Buffer.concat([name("collections", "OrderedDict"), Uint8Array.of(EMPTY_TUPLE, REDUCE)]);
}

/** _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks). */
function tensorValue({ dtype, shape }: TensorInfo, key: string): Buffer {
  const storage = tuple(
    text("storage"),
    name("torch", storageClass(dtype)),
    text(key),
    text("cpu"),
    whole(elementCount(shape)),
  );
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const parts = [
    Buffer.concat([storage, Uint8Array.of(PERSISTENT_ID)]),
    whole(0),
    tuple(...shape.map(whole)),
    tuple(...strides.map(whole)),
    Buffer.of(FALSE),
    orderedDict(),
  ];
  return Buffer.concat([name("torch._utils", "_rebuild_tensor_v2"), tuple(...parts), Uint8Array.of(REDUCE)]);
}

const name = (module: string, member: string) =>
  Buffer.concat([Buffer.of(GLOBAL), Buffer.from(`${module}\n${member}\n`)]);

const tuple = (...items: readonly Buffer[]) => Buffer.concat([Buffer.of(MARK), ...items, Buffer.of(TUPLE)]);

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(TEXT), uint32(bytes.length), bytes]);
}

function whole(value: number): Buffer {
  if (value < 256) return Buffer.of(BYTE, value);
  if (value <= LARGEST_INT32) return Buffer.concat([Buffer.of(INT32), uint32(value)]);
  return Buffer.concat([Buffer.of(LONG, 8), Buffer.from(BigInt64Array.of(BigInt(value)).buffer)]);
}

const uint32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
