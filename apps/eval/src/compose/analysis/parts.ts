/** Which parts of an analysis what was given allows. */
import { DifftapError } from "@difftap/core";
import { PARTS, type Part } from "./settings.js";

/** What parts need. */
export interface Given {
  /** The pixels, and a network to read them with. */
  readonly images: boolean;
  readonly train: boolean;
  readonly labels: boolean;
  readonly heads: boolean;
}

const needs: Readonly<Record<Part, readonly (keyof Given)[]>> = {
  cka: [],
  components: ["images"],
  neighbours: [],
  correspondence: ["images"],
  sphere: [],
  draws: ["images"],
  choice: ["train", "labels"],
  fusion: ["train", "labels", "heads"],
};

const remedies: Readonly<Record<keyof Given, string>> = {
  images: "--test with a data set, not a store",
  train: "--train with images or a store of the same network",
  labels: "images with labels",
  heads: "--heads with run folders of trained heads",
};

/**
 * The parts asked for, or all that can be.
 * @throws DifftapError REQUEST_INVALID for a part that lacks something.
 */
export function partsOf(wanted: readonly Part[] | undefined, given: Given): readonly Part[] {
  const able = PARTS.filter((part) => needs[part].every((need) => given[need]));
  const unable = wanted?.find((part) => !able.includes(part));
  if (unable === undefined)
    return wanted === undefined ? able : PARTS.filter((part) => wanted.includes(part));
  const missing = needs[unable].filter((need) => !given[need]);
  throw new DifftapError("REQUEST_INVALID", `the part ${unable} cannot be made of what was given`, {
    hint: `it needs ${missing.map((need) => remedies[need]).join(", ")}`,
    details: { part: unable, missing },
  });
}
