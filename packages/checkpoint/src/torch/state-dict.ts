/** From the unpickled value to a flat list of named tensors. */
import { PickleFailure } from "../pickle/failure.js";
import {
  dictEntries,
  isDict,
  isTensor,
  kindOf,
  type PickleValue,
  type TensorValue,
} from "../pickle/values.js";
import { namedTensors } from "./named-tensors.js";

export interface FlatStateDict {
  readonly tensors: ReadonlyMap<string, TensorValue>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where trainers put the weights beside their own state, in the order looked for. */
const WRAPPER_KEYS = ["state_dict", "model_state_dict", "model"];
/** Values beside the tensors that are kept as metadata; a configuration has tens. */
const MAX_METADATA = 10_000;

/**
 * All tensors, or those inside the dictionary where trainers put the weights, if asked to unwrap.
 * @throws PickleFailure when there is no dictionary of tensors.
 */
export function flattenStateDict(value: PickleValue, unwrap: boolean): FlatStateDict {
  if (isTensor(value)) throw new PickleFailure("holds a lone tensor, not a state dict");
  const tensors = namedTensors(value);
  if (tensors.size === 0) throw new PickleFailure(`holds a ${kindOf(value)} without a tensor in it`);
  const entries = isDict(value) ? dictEntries(value) : new Map<string, PickleValue>();
  const wrapper = unwrap ? wrapperOf(tensors, entries) : undefined;
  return {
    tensors: wrapper === undefined ? tensors : unwrapped(tensors, wrapper),
    metadata: metadataOf(entries),
  };
}

function unwrapped(tensors: ReadonlyMap<string, TensorValue>, wrapper: string): Map<string, TensorValue> {
  const inside = [...tensors].filter(([name]) => name.startsWith(`${wrapper}.`));
  return new Map(inside.map(([name, tensor]) => [name.slice(wrapper.length + 1), tensor]));
}

/** A file with tensors at the top is a state dict itself, whatever else it holds. */
function wrapperOf(
  tensors: ReadonlyMap<string, TensorValue>,
  entries: ReadonlyMap<string, PickleValue>,
): string | undefined {
  if ([...entries.values()].some(isTensor)) return undefined;
  const names = [...tensors.keys()];
  return WRAPPER_KEYS.find(
    (key) => isDict(entries.get(key)) && names.some((name) => name.startsWith(`${key}.`)),
  );
}

/** Numbers, strings and flags beside the tensors of the top level. */
function metadataOf(entries: ReadonlyMap<string, PickleValue>): Record<string, string> {
  const plain = [...entries].filter(([, item]) => item !== null && typeof item !== "object");
  if (plain.length > MAX_METADATA)
    throw new PickleFailure(`has ${plain.length} plain values at its top, the limit is ${MAX_METADATA}`);
  return Object.fromEntries(plain.map(([key, item]) => [key, String(item)]));
}
