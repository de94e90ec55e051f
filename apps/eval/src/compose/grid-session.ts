/** What `difftap-eval grid` is told, and what it works on once everything is open. */
import type { BackboneRuntime } from "@difftap/backbone";
import {
  type CommandContext,
  finiteNumber,
  option,
  type SettingsOf,
  wholeNumber,
  words,
} from "@difftap/command-line";
import { z } from "zod";
import type { CellCache } from "./cells.js";
import { runtimeOptions, tapOptions } from "./features.js";
import { imageOptions, type Selection } from "./images.js";
import { type Model, modelOptions } from "./model.js";

const BASELINES = ["random-weights", "raw-pixels", "pixels-8x8"] as const;
export type BaselineName = (typeof BASELINES)[number];

export const gridOptions = {
  ...modelOptions,
  train: option(
    "<spec>",
    "training images: folder:PATH, webdataset:PATH, idx:PATH or scenes:count=N",
    z.string().min(1),
  ),
  test: option("<spec>", "test images", z.string().min(1)),
  trainCount: option("<n>", "first so many training images (default: all)", wholeNumber(1).optional()),
  testCount: option("<n>", "first so many test images (default: all)", wholeNumber(1).optional()),
  ...imageOptions,
  ...tapOptions,
  ...runtimeOptions,
  l2: option("<number>", "strength of the probe's L2 term", finiteNumber(0).default(0.003)),
  baselines: option(
    "<list>",
    `simpler things probed alike: ${BASELINES.join(", ")}`,
    words()
      .pipe(z.array(z.enum(BASELINES)))
      .default([...BASELINES]),
  ),
  baselineTimestep: option(
    "<t>",
    "noise level of the random-weight network (default: the middle one asked for)",
    wholeNumber().optional(),
  ),
  title: option("<text>", "title of the report", z.string().min(1).optional()),
  out: option("<folder>", "run folder; the same command again continues there", z.string().min(1)),
};

type GridSettings = SettingsOf<typeof gridOptions>;

/** What the whole command works on. */
export interface GridSession {
  readonly settings: GridSettings;
  readonly context: CommandContext;
  readonly model: Model;
  readonly runtime: BackboneRuntime;
  readonly size: number;
  readonly images: { readonly train: Selection; readonly test: Selection };
  readonly cells: CellCache;
}
