/**
 * MATLAB 5 files (.mat), as far as label files need them: numbers, text, cells and structs, compressed or not. The one
 * reader on npm is under the GPL, so this is ours. Complex parts are passed over; sparse matrices, objects and files of
 * big-endian machines are refused. Source: MathWorks, "MAT-File Format", 2023.
 */
import { inflateSync } from "node:zlib";
import { DifftapError } from "@difftap/core";
import { MAX_MAT_BYTES, MAX_MAT_DEPTH } from "../limits.js";
import { readWhole } from "./read-file.js";

export type MatValue =
  | { readonly kind: "numbers"; readonly data: ArrayLike<number> }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "cells"; readonly cells: readonly MatValue[] }
  | { readonly kind: "structs"; readonly structs: readonly ReadonlyMap<string, MatValue>[] };

/** @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED as `parseMat` does */
export async function readMat(path: string): Promise<ReadonlyMap<string, MatValue>> {
  return parseMat(await readWhole(path, MAX_MAT_BYTES), path);
}

/** Variables by name. @throws DifftapError DATA_REFUSED for damaged files and for what is not read */
export function parseMat(bytes: Uint8Array, source: string): ReadonlyMap<string, MatValue> {
  checkHeader(bytes, source);
  const variables = new Map<string, MatValue>();
  let budget = MAX_MAT_BYTES;
  for (const element of elements(bytes.subarray(HEADER_BYTES), source)) {
    let matrix: Element = element;
    if (element.type === COMPRESSED) {
      const unpacked = unpack(element.data, budget, source);
      budget -= unpacked.length;
      matrix = nextElement(unpacked, 0, source).element;
    }
    const { name, value } = readMatrix(matrix, source, 0);
    variables.set(name, value);
  }
  return variables;
}

const HEADER_BYTES = 128;
const TAG_BYTES = 8;

/** Types of elements. */
const MATRIX = 14;
const COMPRESSED = 15;

/** Classes of matrices. */
const CELL = 1;
const STRUCT = 2;
const TEXT = 4;
const FIRST_NUMERIC = 6;
const LAST_NUMERIC = 13;

const numberTypes = new Map<number, new (buffer: ArrayBuffer) => ArrayLike<number>>([
  [1, Int8Array],
  [2, Uint8Array],
  [3, Int16Array],
  [4, Uint16Array],
  [5, Int32Array],
  [6, Uint32Array],
  [7, Float32Array],
  [9, Float64Array],
]);

/** Text is stored in one of these. */
const encodings = new Map([
  [1, "latin1"],
  [2, "latin1"],
  [4, "utf-16le"],
  [16, "utf-8"],
  [17, "utf-16le"],
]);

interface Element {
  readonly type: number;
  readonly data: Uint8Array;
}

function checkHeader(bytes: Uint8Array, source: string): void {
  const [low, high, first, second] = bytes.subarray(HEADER_BYTES - 4, HEADER_BYTES);
  if (bytes.length < HEADER_BYTES || low !== 0 || high !== 1 || first !== 0x49 || second !== 0x4d)
    throw refused(source, "is no MATLAB 5 file of a little-endian machine");
}

function* elements(bytes: Uint8Array, source: string): Generator<Element> {
  for (let at = 0; at < bytes.length; ) {
    const { element, next } = nextElement(bytes, at, source);
    yield element;
    at = next;
  }
}

/** A tag of type and length, or, of at most four bytes, both in half of it and the data in the other. */
function nextElement(bytes: Uint8Array, at: number, source: string): { element: Element; next: number } {
  if (at + TAG_BYTES > bytes.length) throw refused(source, "is cut short");
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, TAG_BYTES);
  const type = view.getUint16(0, true);
  const small = view.getUint16(2, true);
  const length = small > 0 ? small : view.getUint32(4, true);
  const start = small > 0 ? at + 4 : at + TAG_BYTES;
  if ((small > 4 ? Number.POSITIVE_INFINITY : start + length) > bytes.length)
    throw refused(source, "is cut short");
  const padded = type === COMPRESSED ? length : Math.ceil(length / 8) * 8;
  const element = { type, data: bytes.subarray(start, start + length) };
  return { element, next: small > 0 ? at + TAG_BYTES : start + padded };
}

function unpack(packed: Uint8Array, most: number, source: string): Uint8Array {
  try {
    return inflateSync(packed, { maxOutputLength: Math.max(1, most) });
  } catch (cause) {
    throw refused(source, `does not unpack: ${(cause as Error).message}`, cause);
  }
}

function readMatrix(
  { type, data }: Element,
  source: string,
  depth: number,
): { name: string; value: MatValue } {
  if (type !== MATRIX) throw refused(source, `has an element of type ${type} where a matrix is expected`);
  if (depth > MAX_MAT_DEPTH) throw refused(source, `nests deeper than ${MAX_MAT_DEPTH}`);
  if (data.length === 0) return { name: "", value: { kind: "numbers", data: [] } };
  const [flags, , name, ...rest] = elements(data, source);
  if (flags === undefined || name === undefined) throw refused(source, "has a matrix without a name");
  const value = readValue(flags.data[0] ?? 0, rest, source, depth);
  return { name: decoded(name, source), value };
}

function readValue(matrixClass: number, rest: readonly Element[], source: string, depth: number): MatValue {
  const inner = (element: Element) => readMatrix(element, source, depth + 1).value;
  if (matrixClass === CELL) return { kind: "cells", cells: rest.map(inner) };
  if (matrixClass === STRUCT) return { kind: "structs", structs: readStructs(rest, source, inner) };
  const [content = { type: 2, data: new Uint8Array(0) }] = rest;
  if (matrixClass === TEXT) return { kind: "text", text: decoded(content, source) };
  if (matrixClass >= FIRST_NUMERIC && matrixClass <= LAST_NUMERIC)
    return { kind: "numbers", data: numbers(content, source) };
  throw refused(source, `has a matrix of class ${matrixClass}; numbers, text, cells and structs are read`);
}

/** Field names of one length each, then the fields of the first struct, of the second, … */
function readStructs(
  [lengths, names, ...fields]: readonly Element[],
  source: string,
  inner: (element: Element) => MatValue,
): ReadonlyMap<string, MatValue>[] {
  const length = lengths === undefined ? 0 : (numbers(lengths, source)[0] ?? 0);
  if (names === undefined || !Number.isInteger(length) || length < 1)
    throw refused(source, "has a struct without field names");
  const text = decoded(names, source);
  const keys = Array.from({ length: Math.ceil(text.length / length) }, (_, key) =>
    text.slice(key * length, (key + 1) * length).replace(/\0.*$/s, ""),
  );
  if (keys.length === 0 || fields.length % keys.length !== 0)
    throw refused(source, "has a struct with fields missing");
  return Array.from({ length: fields.length / keys.length }, (_, struct) => {
    const own = fields.slice(struct * keys.length, (struct + 1) * keys.length);
    return new Map(own.map((field, place) => [keys[place]!, inner(field)]));
  });
}

function numbers({ type, data }: Element, source: string): ArrayLike<number> {
  const Numbers = numberTypes.get(type);
  if (Numbers === undefined) throw refused(source, `has numbers of type ${type}, which is not read`);
  try {
    return new Numbers(Uint8Array.from(data).buffer);
  } catch (cause) {
    throw refused(source, `has ${data.length} bytes of numbers of type ${type}`, cause);
  }
}

function decoded({ type, data }: Element, source: string): string {
  const encoding = encodings.get(type);
  if (encoding === undefined) throw refused(source, `has text of type ${type}, which is not read`);
  return new TextDecoder(encoding).decode(data);
}

function refused(source: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("DATA_REFUSED", `${source} ${reason}`, {
    hint: "copy or download the file again; files of MATLAB 7.3 are HDF5 and not read",
    details: { source },
    ...(cause !== undefined && { cause }),
  });
}
