/** Every neck of this package. A new one is a file in this folder and a line here. */
import { isDifftapError } from "@difftap/core";
import { findNamed, parseSpec } from "@difftap/heads";
import { z } from "zod";
import type { NeckDefinition } from "./definition.js";
import { fpn } from "./fpn.js";
import { simplePyramid } from "./simple-pyramid.js";

export const necks: readonly NeckDefinition[] = [fpn, simplePyramid];

/** A neck's name, and its spec beside it. */
export type NeckChoice = { readonly name: string } & Readonly<Record<string, unknown>>;

/** Schema of the field that chooses a neck in a detector's spec: "fpn" unless named, with the neck's own defaults filled in. */
export function neckChoice(known: readonly NeckDefinition[]) {
  return z
    .looseObject({ name: z.string().default("fpn") })
    .transform(({ name, ...spec }, context): NeckChoice => {
      try {
        return { name, ...(parseSpec(findNamed("neck", name, known), spec, "neck") as object) };
      } catch (error) {
        if (!isDifftapError(error)) throw error;
        const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
        context.addIssue({ code: "custom", message });
        return z.NEVER;
      }
    })
    .prefault({});
}
