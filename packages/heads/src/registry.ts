/** Every head of this package. A new one is a file in definitions/, a line here, and passes the contract suite. */
import { DifftapError, nearest } from "@difftap/core";
import type { HeadDefinition } from "./definition.js";
import { attention } from "./definitions/attention.js";
import { cnn } from "./definitions/cnn.js";
import { diffeed } from "./definitions/diffeed.js";
import { difformer } from "./definitions/difformer.js";
import { linear } from "./definitions/linear.js";
import { mlp } from "./definitions/mlp.js";
import { weighted } from "./definitions/weighted.js";

export const heads: readonly HeadDefinition[] = [linear, mlp, cnn, attention, difformer, diffeed, weighted];

/**
 * The head of that name.
 * @throws DifftapError CONFIG_INVALID with the nearest name and the list.
 */
export function findHead(name: string, definitions: readonly HeadDefinition[] = heads): HeadDefinition {
  return findNamed("head", name, definitions);
}

/**
 * The entry of that name in a registry of that kind of thing ("head", "neck").
 * @throws DifftapError CONFIG_INVALID with the nearest name and the list.
 */
export function findNamed<Definition extends { readonly name: string }>(
  kind: string,
  name: string,
  definitions: readonly Definition[],
): Definition {
  const found = definitions.find((each) => each.name === name);
  if (found) return found;
  const known = definitions.map((each) => each.name);
  throw new DifftapError("CONFIG_INVALID", `there is no ${kind} named "${name}"`, {
    hint: `did you mean "${nearest(name, known)}"? Known: ${known.join(", ")}`,
    details: { name, known },
  });
}
