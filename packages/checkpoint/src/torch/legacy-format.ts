/**
 * The format of torch.save before 1.6 (and of `_use_new_zipfile_serialization=False`): pickles of a magic number,
 * a version, the system and the state dict, then a pickle of storage keys, then each storage as its length and elements.
 */
import { bytesPerElement, type DType } from "@difftap/core";
import { PickleFailure, PickleTruncated } from "../pickle/failure.js";
import { MAX_PICKLE_BYTES } from "../pickle/limits.js";
import { unpickle } from "../pickle/unpickle.js";
import { dictEntries, isDict, isList, type PickleValue, type StorageValue } from "../pickle/values.js";
import type { RandomAccessFile } from "../random-access-file.js";
import { quoted, refusal } from "../refuse.js";
import type { WeightSource } from "../weights.js";
import { type FlatStateDict, flattenStateDict } from "./state-dict.js";
import { storageReference } from "./storage-reference.js";
import { torchSource } from "./torch-source.js";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
/** A state dict of 300 tensors; larger ones are read again in doubled pieces. */
const FIRST_PIECE_BYTES = 1 << 16;
/** In front of each storage, its length in elements. */
const LENGTH_BYTES = 8;

interface Front {
  readonly state: FlatStateDict;
  /** By key, whole storages. */
  readonly storages: ReadonlyMap<string, StorageValue>;
  readonly order: readonly string[];
  readonly end: number;
}

/** @throws DifftapError CHECKPOINT_REFUSED. */
export async function openTorchLegacy(file: RandomAccessFile, unwrap: boolean): Promise<WeightSource> {
  const front = await readFront(file, unwrap);
  const places = await placeStorages(file, front);
  return torchSource(file, front.state, (key, offset, length) =>
    file.read((places.get(key) as number) + offset, length, `storage ${key}`),
  );
}

/** The pickles do not say how long they are: read a piece, and twice as much while it ends within them. */
async function readFront(file: RandomAccessFile, unwrap: boolean): Promise<Front> {
  for (let piece = FIRST_PIECE_BYTES; ; piece *= 2) {
    const length = Math.min(piece, file.size);
    const bytes = await file.read(0, length, "the pickles");
    try {
      return parseFront(bytes, unwrap);
    } catch (error) {
      if (error instanceof PickleTruncated && length < file.size && piece < MAX_PICKLE_BYTES) continue;
      if (error instanceof PickleFailure) throw refusal(file.path, `pickle ${error.message}`, error);
      throw error;
    }
  }
}

function parseFront(bytes: Uint8Array, unwrap: boolean): Front {
  const magic = unpickle(bytes, 0, refusePersistent);
  if (magic.value !== MAGIC)
    throw new PickleFailure("is not one that torch.save wrote: its first value is not torch's magic number");
  const version = unpickle(bytes, magic.end, refusePersistent);
  if (version.value !== VERSION)
    throw new PickleFailure(`says format version ${String(version.value)}, expected ${VERSION}`);
  const system = unpickle(bytes, version.end, refusePersistent);
  requireLittleEndian(system.value);
  const storages = new Map<string, StorageValue>();
  const state = unpickle(bytes, system.end, (id) => remember(storages, storageReference(id), id));
  const keys = unpickle(bytes, state.end, refusePersistent);
  return {
    state: flattenStateDict(state.value, unwrap),
    storages,
    order: keysOf(keys.value, storages),
    end: keys.end,
  };
}

function refusePersistent(): never {
  throw new PickleFailure("has a persistent id outside the state dict");
}

function requireLittleEndian(system: PickleValue): void {
  if (isDict(system) && dictEntries(system).get("little_endian") === false) {
    throw new PickleFailure("was saved big-endian, which is not read");
  }
}

/** All references to one storage must agree on what it is. */
function remember(
  storages: Map<string, StorageValue>,
  reference: StorageValue,
  id: PickleValue,
): StorageValue {
  const length = isList(id) ? (id.items[4] as number) : 0;
  const known = storages.get(reference.key);
  if (known && (known.dtype !== reference.dtype || known.length !== length)) {
    throw new PickleFailure(`describes storage ${quoted(reference.key)} in two ways`);
  }
  if (!known) storages.set(reference.key, { ...reference, start: 0, length });
  return reference;
}

function keysOf(value: PickleValue, storages: ReadonlyMap<string, StorageValue>): string[] {
  if (!isList(value)) throw new PickleFailure("has no list of storage keys");
  const keys = value.items.map((key) => String(key));
  if (new Set(keys).size !== keys.length) throw new PickleFailure("lists a storage key twice");
  const strange = keys.find((key) => !storages.has(key));
  if (strange !== undefined)
    throw new PickleFailure(`lists storage ${quoted(strange)}, which nothing refers to`);
  if (keys.length !== storages.size)
    throw new PickleFailure(`refers to ${storages.size} storages but lists ${keys.length}`);
  return keys;
}

/** First byte of each storage's elements. Checks that the storages fill the file exactly. */
async function placeStorages(
  file: RandomAccessFile,
  { storages, order, end }: Front,
): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  let offset = end;
  for (const key of order) {
    const { dtype, length } = storages.get(key) as StorageValue;
    const head = await file.read(offset, LENGTH_BYTES, `length of storage ${key}`);
    requireLength(file.path, key, length, new DataView(head.buffer).getBigInt64(0, true));
    places.set(key, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + length * elementBytes(dtype);
    if (offset > file.size)
      throw refusal(
        file.path,
        `storage ${key} ends at byte ${offset}, but the file has ${file.size}: truncated?`,
      );
  }
  if (offset !== file.size)
    throw refusal(file.path, `${file.size - offset} bytes follow the last storage, which ends at ${offset}`);
  return places;
}

function elementBytes(dtype: DType | null): number {
  return dtype === null ? 1 : bytesPerElement(dtype);
}

function requireLength(path: string, key: string, expected: number, found: bigint): void {
  if (found !== BigInt(expected))
    throw refusal(path, `storage ${key} says ${found} elements, its tensors say ${expected}`);
}
