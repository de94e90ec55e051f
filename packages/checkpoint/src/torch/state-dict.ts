/** From the unpickled value to a flat list of named tensors. */
import { PickleFailure } from "../pickle/failure.js";
import {
  dictEntries,
  isDict,
  isList,
  isTensor,
  kindOf,
  type PickleValue,
  type TensorValue,
} from "../pickle/values.js";

export interface FlatStateDict {
  readonly tensors: ReadonlyMap<string, TensorValue>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where trainers put the weights beside their own state, in the order looked for. */
const WRAPPER_KEYS = ["state_dict", "model_state_dict", "model"];

/** Shared values are visited once per place they appear at; a small pickle can make that exponential. */
const MAX_VISITS = 1_000_000;
const MAX_DEPTH = 64;

/** @throws PickleFailure when there is no dictionary of tensors, or nothing called `within`. */
export function flattenStateDict(value: PickleValue, within?: string): FlatStateDict {
  const walk: Walk = { tensors: new Map(), visits: 0 };
  visit(walk, value, "", 0);
  if (walk.tensors.size === 0) throw new PickleFailure(`holds ${kindOf(value)} without a tensor in it`);
  return { tensors: select(walk.tensors, value, within), metadata: metadataOf(value) };
}

interface Walk {
  readonly tensors: Map<string, TensorValue>;
  visits: number;
}

function visit(walk: Walk, value: PickleValue, name: string, depth: number): void {
  if (++walk.visits > MAX_VISITS) throw new PickleFailure(`unfolds to over ${MAX_VISITS} values`);
  if (depth > MAX_DEPTH) throw new PickleFailure(`nests over ${MAX_DEPTH} containers`);
  if (isTensor(value)) addTensor(walk, value, name);
  else
    for (const [key, item] of childrenOf(value))
      visit(walk, item, name === "" ? key : `${name}.${key}`, depth + 1);
}

function addTensor(walk: Walk, tensor: TensorValue, name: string): void {
  if (walk.tensors.has(name)) throw new PickleFailure(`two tensors are called ${JSON.stringify(name)}`);
  walk.tensors.set(name, tensor);
}

function childrenOf(value: PickleValue): Iterable<[string, PickleValue]> {
  if (isDict(value)) return dictEntries(value);
  if (isList(value)) return value.items.map((item, index): [string, PickleValue] => [String(index), item]);
  return [];
}

function select(
  tensors: Map<string, TensorValue>,
  value: PickleValue,
  within?: string,
): Map<string, TensorValue> {
  const prefix = within ?? wrapperOf(tensors, value);
  if (prefix === undefined) return tensors;
  const inside = [...tensors].filter(([name]) => name.startsWith(`${prefix}.`));
  if (inside.length === 0) {
    const roots = new Set([...tensors.keys()].map((name) => name.split(".")[0]));
    throw new PickleFailure(
      `has no tensors within ${JSON.stringify(prefix)}; there are some within ${[...roots].slice(0, 10).join(", ")}`,
    );
  }
  return new Map(inside.map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]));
}

/** A file with tensors at the top is a state dict itself, whatever else it holds. */
function wrapperOf(tensors: ReadonlyMap<string, TensorValue>, value: PickleValue): string | undefined {
  const entries = isDict(value) ? dictEntries(value) : new Map<string, PickleValue>();
  if ([...entries.values()].some(isTensor)) return undefined;
  return WRAPPER_KEYS.find(
    (key) => isDict(entries.get(key)) && [...tensors.keys()].some((name) => name.startsWith(`${key}.`)),
  );
}

/** Numbers, strings and flags beside the tensors of the top level. */
function metadataOf(value: PickleValue): Record<string, string> {
  if (!isDict(value)) return {};
  const plain = [...dictEntries(value)].filter(([, item]) => item !== null && typeof item !== "object");
  return Object.fromEntries(plain.map(([key, item]) => [key, String(item)]));
}
