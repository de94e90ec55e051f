/** Persistent ids: how torch.save names the storages it keeps outside the pickle. */

import { PickleFailure } from "../pickle/failure.js";
import { storageDtype } from "../pickle/globals.js";
import { isList, kindOf, type PickleValue, type StorageValue } from "../pickle/values.js";
import { quoted } from "../refuse.js";

/**
 * ("storage", class, key, device, length[, view]) — the device is ignored: everything is read to memory.
 * `view` is the legacy format's (key, start, length) of a storage within another.
 */
export function storageReference(id: PickleValue): StorageValue {
  if (!isList(id)) throw new PickleFailure(`persistent id is ${kindOf(id)}, not a tuple`);
  const [tag, type, key, , length, view] = id.items;
  if (tag !== "storage") {
    throw new PickleFailure(
      `persistent id of a ${typeof tag === "string" ? JSON.stringify(tag.slice(0, 40)) : kindOf(tag)}, only storages are read`,
    );
  }
  const dtype = storageDtype(type);
  const whole = { kind: "storage", key: keyOf(key), dtype, length: lengthOf(length), start: 0 } as const;
  return isList(view) ? viewOf(whole, view.items) : whole;
}

function viewOf(whole: StorageValue, [, start, length]: readonly PickleValue[]): StorageValue {
  const view = { ...whole, start: lengthOf(start), length: lengthOf(length) };
  if (view.start + view.length <= whole.length) return view;
  throw new PickleFailure(
    `view of storage ${quoted(whole.key)} ends at ${view.start + view.length}, it has ${whole.length} elements`,
  );
}

function keyOf(key: PickleValue | undefined): string {
  if (typeof key === "string" || typeof key === "number" || typeof key === "bigint") return String(key);
  throw new PickleFailure(`storage key is ${kindOf(key)}`);
}

function lengthOf(value: PickleValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new PickleFailure(
    `storage length is ${typeof value === "number" || typeof value === "bigint" ? value : kindOf(value)}, not a count`,
  );
}
