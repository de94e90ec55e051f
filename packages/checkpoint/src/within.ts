/** One dictionary of a nested checkpoint, as a source of its own. */
import { DifftapError } from "@difftap/core";
import { quoted } from "./refuse.js";
import type { WeightSource } from "./weights.js";

/** A list of what exists, in an error. */
const NAMES_LISTED = 10;

/**
 * The tensors of `source` whose names begin with `prefix.`, without it.
 * @throws DifftapError USAGE_INVALID saying which dictionaries there are.
 */
export function sourceWithin(source: WeightSource, prefix: string): WeightSource {
  const start = `${prefix}.`;
  const inside = [...source.tensors.values()].filter(({ name }) => name.startsWith(start));
  if (inside.length === 0) throw nothingWithin(source, prefix);
  const infos = inside.map((info) => ({ ...info, name: info.name.slice(start.length) }));
  return {
    ...source,
    tensors: new Map(infos.map((info) => [info.name, info])),
    read: async (name) => source.read(start + name),
  };
}

function nothingWithin({ path, tensors }: WeightSource, prefix: string): DifftapError {
  const roots = new Set([...tensors.keys()].map((name) => quoted(name.split(".")[0] as string)));
  return new DifftapError("USAGE_INVALID", `${path}: no tensors lie within ${quoted(prefix)}`, {
    hint: `there are some within ${[...roots].slice(0, NAMES_LISTED).join(", ")}`,
    details: { path, within: prefix },
  });
}
