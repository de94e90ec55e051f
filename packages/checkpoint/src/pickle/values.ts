/** The values a state dict's pickle can make. Nothing here is ever called or constructed by name. */
import type { DType } from "@difftap/core";

export interface ListValue {
  readonly kind: "list" | "tuple";
  readonly items: PickleValue[];
}

/** dict or OrderedDict. Keys and values alternate: cheap for a hostile million of empty ones. */
export interface DictValue {
  readonly kind: "dict";
  readonly entries: PickleValue[];
}

/** A global of the allow-list, on its way to REDUCE or into a persistent id. */
export interface GlobalValue {
  readonly kind: "global";
  readonly name: string;
}

/** A run of elements that tensors view, kept outside the pickle. */
export interface StorageValue {
  readonly kind: "storage";
  readonly key: string;
  /** null when the storage is untyped bytes and the tensor says its dtype. */
  readonly dtype: DType | null;
  /** Elements of dtype; bytes when untyped. */
  readonly length: number;
  /** First element within the storage called `key`; not 0 only for views in the legacy format. */
  readonly start: number;
}

/** Offset and strides count elements. */
export interface TensorValue {
  readonly kind: "tensor";
  readonly storage: StorageValue;
  readonly dtype: DType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ListValue
  | DictValue
  | GlobalValue
  | StorageValue
  | TensorValue;

/** The object kinds; undefined for plain values. */
export function kindOf(value: PickleValue | undefined): string {
  if (value === null) return "None";
  if (value instanceof Uint8Array) return "bytes";
  return typeof value === "object" ? value.kind : typeof value;
}

export function isList(value: PickleValue | undefined): value is ListValue {
  return kindOf(value) === "list" || kindOf(value) === "tuple";
}

export function isDict(value: PickleValue | undefined): value is DictValue {
  return kindOf(value) === "dict";
}

export function isGlobal(value: PickleValue | undefined): value is GlobalValue {
  return kindOf(value) === "global";
}

export function isStorage(value: PickleValue | undefined): value is StorageValue {
  return kindOf(value) === "storage";
}

export function isTensor(value: PickleValue | undefined): value is TensorValue {
  return kindOf(value) === "tensor";
}

/** Later keys win, as in Python. Keys that are neither strings nor integers are left out. */
export function dictEntries(dict: DictValue): Map<string, PickleValue> {
  const entries = new Map<string, PickleValue>();
  for (let at = 0; at + 1 < dict.entries.length; at += 2) {
    const key = dict.entries[at];
    const type = typeof key;
    if (type === "string" || type === "number" || type === "bigint")
      entries.set(String(key), dict.entries[at + 1] as PickleValue);
  }
  return entries;
}
