/**
 * Every kind of dataset, opened by one name.
 *
 * ```ts
 * import { openDataset } from "@difftap/datasets";
 *
 * const dataset = await openDataset("scenes:count=100,size=32,seed=1");
 * console.log(dataset.length, dataset.classes, dataset.id(0), dataset.label(0));
 * ```
 */
import { DifftapError, nearest } from "@difftap/core";
import type { ImageDataset } from "./dataset.js";
import type { DatasetDefinition } from "./definition.js";
import { folder } from "./kinds/folder.js";
import { idx } from "./kinds/idx.js";
import { scenes } from "./kinds/scenes.js";
import { webDataset } from "./kinds/webdataset.js";
import { type SpecObject, specObject } from "./spec.js";

/** The registry: a new kind is one file in `kinds/` and one line here. */
export const datasetKinds: readonly DatasetDefinition[] = [folder, idx, scenes, webDataset];

/**
 * Opens a dataset from `kind:path[,option=value…]` or `{ kind, path, …options }`.
 * @throws DifftapError CONFIG_INVALID for an unknown kind or option, with the closest known one; what the kind itself throws.
 */
export async function openDataset(spec: string | SpecObject): Promise<ImageDataset> {
  const kind = typeof spec === "string" ? (/^[^:]*/.exec(spec)?.[0] ?? "") : String(spec.kind);
  const definition = datasetKinds.find((candidate) => candidate.kind === kind);
  if (definition === undefined) throw unknownKind(kind, spec);
  return definition.open(specObject(definition, spec));
}

function unknownKind(kind: string, spec: string | SpecObject): DifftapError {
  const kinds = datasetKinds.map((definition) => definition.kind);
  const guess = nearest(kind, kinds);
  return new DifftapError(
    "CONFIG_INVALID",
    `unknown kind of dataset ${JSON.stringify(kind)}; did you mean ${guess}?`,
    {
      hint: `known: ${datasetKinds.map((definition) => definition.usage).join(" | ")}`,
      details: { spec, kind, kinds },
    },
  );
}
