/**
 * The header of a .safetensors file, held to the rules of the format's own validator:
 * offsets ordered, without overlap or hole, exactly as long as shape × dtype says, covering exactly the rest of the file.
 * Source: github.com/huggingface/safetensors, README "Format" and `safetensors/src/tensor.rs`.
 */
import { bytesPerElement, type DType } from "@difftap/core";
import { quoted, refusal, unsupported } from "../refuse.js";
import type { TensorInfo } from "../weights.js";
import { dtypeOfName, foreignDtypes } from "./dtypes.js";
import { duplicateKey } from "./duplicate-keys.js";

/** The format's own limit: parsing JSON beyond it is a denial of service, no model needs it. */
export const MAX_HEADER_BYTES = 100_000_000;

/** The eight bytes in front of the header, its length. */
export const LENGTH_BYTES = 8;

/** A tensor and where its bytes lie, counted from the end of the header. */
interface PlacedTensor extends TensorInfo {
  readonly start: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: readonly PlacedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Length of the header in bytes, from the file's first eight.
 * @throws DifftapError CHECKPOINT_REFUSED when over the limit or the file.
 */
export function headerLength(path: string, firstBytes: Uint8Array, fileSize: number): number {
  const length = new DataView(firstBytes.buffer, firstBytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw refusal(path, `header of ${length} bytes is over the format's limit of ${MAX_HEADER_BYTES}`);
  }
  if (LENGTH_BYTES + Number(length) > fileSize) {
    throw refusal(
      path,
      `header needs ${LENGTH_BYTES + Number(length)} bytes, but the file has ${fileSize}: truncated?`,
    );
  }
  return Number(length);
}

/**
 * Tensors in the order of their bytes, and the metadata.
 * @param dataBytes what follows the header in the file.
 * @throws DifftapError CHECKPOINT_REFUSED naming the tensor and the rule; UNSUPPORTED for a dtype we cannot hold.
 */
export function parseHeader(path: string, header: Uint8Array, dataBytes: number): Header {
  const { __metadata__: metadata, ...entries } = parseJson(path, header);
  const tensors = Object.entries(entries)
    .map(([name, entry]) => parseEntry(path, name, entry))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  requireExactCover(path, tensors, dataBytes);
  return { tensors, metadata: parseMetadata(path, metadata) };
}

function parseJson(path: string, header: Uint8Array): Record<string, unknown> {
  const text = decode(path, header);
  const value = parseText(path, text);
  if (!isRecord(value)) throw refusal(path, "header is JSON, but not an object");
  const twice = duplicateKey(text);
  if (twice !== undefined) throw refusal(path, `header describes ${quoted(twice)} twice`);
  return value;
}

function decode(path: string, header: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch (error) {
    throw refusal(path, "header is not UTF-8", error);
  }
}

function parseText(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refusal(path, `header is not JSON (${(error as Error).message})`, error);
  }
}

/** What stands where something else belongs; a list or an object by its kind only. */
function describe(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  return typeof value === "object" && value !== null
    ? Array.isArray(value)
      ? "a list"
      : "an object"
    : String(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseEntry(path: string, name: string, entry: unknown): PlacedTensor {
  const where = `tensor ${quoted(name)}`;
  if (!isRecord(entry)) throw refusal(path, `${where}: description is not an object`);
  const shape = parseIntegers(path, `${where}: shape`, entry.shape);
  const offsets = parseIntegers(path, `${where}: data_offsets`, entry.data_offsets);
  const dtype = parseDtype(path, where, entry.dtype);
  const [start, end] = offsets;
  if (offsets.length !== 2 || start === undefined || end === undefined || start > end) {
    throw refusal(path, `${where}: data_offsets [${offsets.join(", ")}] are not a start and an end`);
  }
  requireLength(path, where, shape, dtype, end - start);
  return { name, dtype, shape, start, end };
}

function parseIntegers(path: string, what: string, value: unknown): number[] {
  if (!Array.isArray(value)) throw refusal(path, `${what} is missing or not a list`);
  for (const item of value) {
    if (!Number.isSafeInteger(item) || item < 0 || Object.is(item, -0))
      throw refusal(path, `${what} holds ${describe(item)}, not a count`);
  }
  return value as number[];
}

function parseDtype(path: string, where: string, value: unknown): DType {
  const dtype = typeof value === "string" ? dtypeOfName.get(value) : undefined;
  if (dtype) return dtype;
  if (foreignDtypes.has(String(value))) throw unsupported(path, `${where} has dtype ${value}`);
  throw refusal(path, `${where}: dtype ${describe(value)} is none of ${[...dtypeOfName.keys()].join(", ")}`);
}

/** Products that a double no longer counts exactly are refused instead of rounding to something that fits. */
function requireLength(
  path: string,
  where: string,
  shape: readonly number[],
  dtype: DType,
  length: number,
): void {
  let bytes = bytesPerElement(dtype);
  for (const side of shape) {
    bytes *= side;
    if (!Number.isSafeInteger(bytes)) throw refusal(path, `${where}: shape [${shape.join(", ")}] overflows`);
  }
  if (bytes === length) return;
  throw refusal(
    path,
    `${where}: shape [${shape.join(", ")}] of ${dtype} needs ${bytes} bytes, data_offsets give ${length}`,
  );
}

function requireExactCover(path: string, tensors: readonly PlacedTensor[], dataBytes: number): void {
  let covered = 0;
  for (const { name, start, end } of tensors) {
    if (start !== covered) {
      const fault = start < covered ? "overlaps the one before" : "leaves a hole";
      throw refusal(path, `tensor ${quoted(name)} ${fault}: starts at ${start}, expected ${covered}`);
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw refusal(
      path,
      `tensors cover ${covered} bytes, but ${dataBytes} follow the header${covered > dataBytes ? ": truncated?" : ""}`,
    );
  }
}

function parseMetadata(path: string, value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw refusal(path, "__metadata__ is not an object");
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") throw refusal(path, `__metadata__ ${quoted(key)} is not a string`);
  }
  return value as Record<string, string>;
}
