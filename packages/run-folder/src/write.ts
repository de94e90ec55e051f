/**
 * Writing a run folder. Whole files are replaced atomically; metrics are appended line by line.
 *
 * ```ts
 * import { appendMetric, createRunFolder, writeResults } from "@difftap/run-folder";
 *
 * await createRunFolder("runs/first", { config: { block: 9 }, environment });
 * await appendMetric("runs/first", { step: 1, values: { loss: 2.3 } });
 * await writeResults("runs/first", results);
 * ```
 */
import { appendFile, mkdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { DifftapError, type FileSystem, writeFailed, writeFileAtomic } from "@difftap/core";
import { stringify } from "yaml";
import {
  environmentSchema,
  type MetricRecord,
  metricSchema,
  type RunEnvironment,
} from "./environment-schema.js";
import { type ResultsInput, resultsSchema } from "./results-schema.js";
import { validate } from "./validate.js";

export interface WriteOptions {
  readonly fileSystem?: FileSystem;
}

export interface RunFolderSetup {
  /** The resolved settings, saved as config.yaml. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: RunEnvironment;
}

/** The files of a run folder. */
export const runFiles = {
  config: "config.yaml",
  environment: "environment.json",
  metrics: "metrics.jsonl",
  results: "results.json",
  figures: "figures",
} as const;

/**
 * Makes the folder (and its parents), writes config.yaml and environment.json. A folder that is already there is
 * continued: a last line of metrics that a crash tore is cut off.
 * @throws DifftapError WRITE_FAILED when it cannot be written, USAGE_INVALID for a wrong environment.
 */
export async function createRunFolder(
  path: string,
  setup: RunFolderSetup,
  options: WriteOptions = {},
): Promise<void> {
  const environment = validate(environmentSchema, setup.environment, "the environment", "USAGE_INVALID");
  await attempt(path, () => mkdir(join(path, runFiles.figures), { recursive: true }));
  await cutTornLine(join(path, runFiles.metrics));
  await writeFileAtomic(join(path, runFiles.config), stringify(setup.config), options);
  await writeFileAtomic(join(path, runFiles.environment), pretty(environment), options);
}

/** Writes results.json. @throws DifftapError USAGE_INVALID naming the field that breaks the schema, WRITE_FAILED. */
export async function writeResults(
  path: string,
  results: ResultsInput,
  options: WriteOptions = {},
): Promise<void> {
  const checked = validate(resultsSchema, results, "the results", "USAGE_INVALID");
  await writeFileAtomic(join(path, runFiles.results), pretty(checked), options);
}

/** Adds one line to metrics.jsonl. @throws DifftapError USAGE_INVALID for a value that is not finite, WRITE_FAILED. */
export async function appendMetric(path: string, metric: MetricRecord): Promise<void> {
  const checked = validate(metricSchema, metric, "a metric", "USAGE_INVALID");
  const file = join(path, runFiles.metrics);
  await attempt(file, () => appendFile(file, `${JSON.stringify(checked)}\n`));
}

/**
 * Writes figures/`name`.svg; `name` is letters, digits, "-" and "_".
 * @returns the path of the file.
 * @throws DifftapError USAGE_INVALID for another name, WRITE_FAILED.
 */
export async function writeFigure(
  path: string,
  name: string,
  svg: string,
  options: WriteOptions = {},
): Promise<string> {
  if (!/^[\w-]+$/.test(name)) {
    throw new DifftapError("USAGE_INVALID", `"${name}" is no name for a figure`, {
      hint: 'use letters, digits, "-" and "_", without the extension',
    });
  }
  const file = join(path, runFiles.figures, `${name}.svg`);
  await attempt(file, () => mkdir(join(path, runFiles.figures), { recursive: true }));
  await writeFileAtomic(file, svg, options);
  return file;
}

/** Lists of numbers, as JSON.stringify indents them: line feeds stand in no string. */
const NUMBERS = /\[\n\s+(?:(?:[\d.eE+-]+|null),\n\s+)*(?:[\d.eE+-]+|null)\n\s+\]/g;

/** Indented, but every list of numbers on one line: maps of attention hold thousands. */
function pretty(value: unknown): string {
  const compact = (list: string) => list.replace(/\n\s+/g, " ").replace("[ ", "[").replace(" ]", "]");
  return `${JSON.stringify(value, null, 2).replace(NUMBERS, compact)}\n`;
}

async function cutTornLine(file: string): Promise<void> {
  const text = await readFile(file).catch(() => undefined);
  if (text === undefined || text.length === 0) return;
  const end = text.lastIndexOf("\n") + 1;
  if (end < text.length) await attempt(file, () => truncate(file, end));
}

async function attempt(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw writeFailed(path, cause);
  }
}
