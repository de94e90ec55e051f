/** Which bytes a .safetensors file of given tensors begins with, and the order its data follows in. */
import { bytesPerElement, DifftapError, elementCount } from "@difftap/core";
import { quoted } from "../refuse.js";
import type { TensorInfo } from "../weights.js";
import { nameOfDtype } from "./dtypes.js";
import { LENGTH_BYTES, MAX_HEADER_BYTES } from "./header.js";

/** The header is padded so that the data begins aligned for every element type. */
const ALIGNMENT = 8;
const METADATA = "__metadata__";

export interface Layout {
  /** Length and header. */
  readonly front: Uint8Array;
  /** In file order: wide elements first, then by name, as the reference implementation writes; so every tensor lies aligned. */
  readonly order: readonly TensorInfo[];
  /** Bytes of the whole file. */
  readonly size: number;
}

/** @throws DifftapError USAGE_INVALID for a duplicate or reserved name, metadata that is not text, or a header over the format's limit. */
export function layoutOf(
  tensors: Iterable<TensorInfo>,
  metadata: Readonly<Record<string, string>> = {},
): Layout {
  const order = [...tensors].sort(byWidthThenName);
  requireLegal(order, metadata);
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let offset = 0;
  for (const info of order) {
    const end = offset + byteLength(info);
    header.push([
      info.name,
      { dtype: nameOfDtype.get(info.dtype), shape: info.shape, data_offsets: [offset, end] },
    ]);
    offset = end;
  }
  const front = encodeFront(JSON.stringify(Object.fromEntries(header)));
  return { front, order, size: front.length + offset };
}

function byteLength({ dtype, shape }: Pick<TensorInfo, "dtype" | "shape">): number {
  return elementCount(shape) * bytesPerElement(dtype);
}

function byWidthThenName(a: TensorInfo, b: TensorInfo): number {
  return (
    bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || (a.name < b.name ? -1 : Number(a.name > b.name))
  );
}

function requireLegal(tensors: readonly TensorInfo[], metadata: Readonly<Record<string, string>>): void {
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) throw usage(`two tensors are called ${quoted(name)}`);
    if (name === METADATA) throw usage(`no tensor can be called ${METADATA}: the format keeps that name`);
    names.add(name);
  }
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string")
      throw usage(`metadata ${quoted(key)} is ${typeof value}, only strings are legal`);
  }
}

function encodeFront(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  if (padded > MAX_HEADER_BYTES)
    throw usage(`the header would have ${padded} bytes, the format's limit is ${MAX_HEADER_BYTES}`);
  const front = new Uint8Array(LENGTH_BYTES + padded).fill(0x20);
  new DataView(front.buffer).setBigUint64(0, BigInt(padded), true);
  front.set(text, LENGTH_BYTES);
  return front;
}

const usage = (message: string) => new DifftapError("USAGE_INVALID", `safetensors: ${message}`);
