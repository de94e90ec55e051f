/** The settings of `difftap-train suite`: a suite is a file of them. */
import { flag, option, type SettingsOf, wholeNumbers, words } from "@difftap/command-line";
import { shardAddress } from "@difftap/eval";
import { closedObject } from "@difftap/run-folder";
import { z } from "zod";
import { fromJson } from "./head-list.js";

const text = z.string().min(1);
const anySettings = z.record(text, z.unknown());

/** A command such as "train head" with its settings, over one of its own presets where that is named. */
const stepShape = { command: text, preset: text.optional(), settings: anySettings.default({}) };

/** What a paper reports, by data set; by name too, where a reading gives several numbers of the metric. */
const paperSchema = closedObject({
  metric: text,
  source: text,
  figures: z.record(text, z.union([z.number(), z.record(text, z.number())])),
});

const readingShape = {
  ...stepShape,
  /** Commands to run first, such as those that extract features. */
  before: z.array(closedObject(stepShape)).default([]),
  /** Those of its numbers that enter the table (default: those of what was trained, of other runs all). */
  metrics: z.array(text).min(1).optional(),
  paper: paperSchema.optional(),
};

/** `datasets`: those it is run on; all unless given. */
const readingSchema = closedObject({ ...readingShape, datasets: z.array(text).min(1).optional() });

/** A reading of one data set only. */
const jobSchema = closedObject({ dataset: text, reading: text, ...readingShape });

export type Reading = z.output<typeof readingSchema>;
export type ExplicitJob = z.output<typeof jobSchema>;
export type Paper = z.output<typeof paperSchema>;

/** JSON in a flag, plain YAML in a file. */
const structured = <S extends z.ZodType>(schema: S) => z.preprocess(fromJson, schema);

export const suiteOptions = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a suite writes
  data: option("<folder>", "where the data sets lie; ${data} in a suite stands for it", text.optional()),
  weights: option("<file>", "checkpoint that all commands read (default: as they have it)", text.optional()),
  datasets: option(
    "<json>",
    "name → settings that commands take where they know them",
    structured(z.record(text, anySettings).default({})),
  ),
  readings: option(
    "<json>",
    "name → { command, settings, preset, before, datasets, metrics, paper }; each is run on each data set",
    structured(z.record(text, readingSchema).default({})),
  ),
  jobs: option(
    "<json>",
    "further readings of one data set each: a list of { dataset, reading, command, … }",
    structured(z.array(jobSchema).optional()),
  ),
  settings: option(
    "<json>",
    "of all commands that know them, such as { engine: tensorflow-gpu }",
    structured(anySettings.default({})),
  ),
  seeds: option(
    "<list>",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what a suite writes
    "of commands that take several; a reading that says ${seed} is run once for each",
    wholeNumbers().default([0]),
  ),
  only: option("<list>", "data sets and readings to take (default: all)", words().optional()),
  shard: option(
    "<i/n>",
    "run every n-th job only (default: from JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID and SHARD_COUNT)",
    shardAddress().optional(),
  ),
  tableOnly: flag("run nothing; make the table of what is there and name what is missing"),
  title: option("<text>", "title of the report", text.default("Data sets and readings")),
  out: option("<folder>", "run folder; the same command again continues there", text),
};

export type SuiteSettings = SettingsOf<typeof suiteOptions>;
