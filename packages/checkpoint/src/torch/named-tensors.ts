/** Walks nested dictionaries and lists, naming each tensor by the keys on the way to it. */
import { PickleFailure } from "../pickle/failure.js";
import {
  dictEntries,
  isDict,
  isList,
  isTensor,
  type PickleValue,
  type TensorValue,
} from "../pickle/values.js";
import { quoted } from "../refuse.js";

/** A value is visited once per place it appears at; a pickle of shared lists can make that exponential. */
const MAX_VISITS = 1_000_000;
/** Modules nest some ten deep, and their state dicts are flat. */
const MAX_DEPTH = 64;
/** Of all names together: 80,000 tensors of 200 characters. One key repeated costs a file two bytes, but memory its length. */
const MAX_NAME_CHARACTERS = 16_000_000;

interface Walk {
  readonly tensors: Map<string, TensorValue>;
  visits: number;
  characters: number;
}

/** Names are keys joined by ".", list positions being keys. @throws PickleFailure over a limit, or for two tensors of one name. */
export function namedTensors(value: PickleValue): Map<string, TensorValue> {
  const walk: Walk = { tensors: new Map(), visits: 0, characters: 0 };
  visit(walk, value, "", 0);
  return walk.tensors;
}

function visit(walk: Walk, value: PickleValue, name: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new PickleFailure(`nests over ${MAX_DEPTH} containers`);
  if (isTensor(value)) {
    addTensor(walk, value, name);
    return;
  }
  for (const [key, item] of childrenOf(walk, value)) {
    visit(walk, item, name === "" ? key : `${name}.${key}`, depth + 1);
  }
}

function addTensor(walk: Walk, tensor: TensorValue, name: string): void {
  spend(walk, 1);
  walk.characters += name.length;
  if (walk.characters > MAX_NAME_CHARACTERS)
    throw new PickleFailure(`names are over ${MAX_NAME_CHARACTERS} characters`);
  if (walk.tensors.has(name)) throw new PickleFailure(`two tensors are called ${quoted(name)}`);
  walk.tensors.set(name, tensor);
}

/** Counted before they are listed, skipped keys too: listing is what costs. */
function childrenOf(walk: Walk, value: PickleValue): Iterable<[string, PickleValue]> {
  if (isDict(value)) {
    spend(walk, 1 + value.entries.length / 2);
    return dictEntries(value);
  }
  if (!isList(value)) return [];
  spend(walk, 1 + value.items.length);
  return value.items.map((item, index): [string, PickleValue] => [String(index), item]);
}

function spend(walk: Walk, visits: number): void {
  walk.visits += visits;
  if (walk.visits > MAX_VISITS) throw new PickleFailure(`unfolds to over ${MAX_VISITS} values`);
}
