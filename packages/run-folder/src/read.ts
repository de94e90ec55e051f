/**
 * Reading a run folder.
 *
 * ```ts
 * import { readRunFolder } from "@difftap/run-folder";
 *
 * const run = await readRunFolder("runs/first");
 * console.log(run.results.title, run.metrics.length);
 * ```
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import {
  environmentSchema,
  type MetricRecord,
  metricSchema,
  type RunEnvironment,
} from "./environment-schema.js";
import { type Results, resultsSchema } from "./results-schema.js";
import { validate } from "./validate.js";
import { runFiles } from "./write.js";

/** No file of a run is near this: results hold a dozen thumbnails, metrics a line per step. */
const MAXIMUM_BYTES = 256 * 2 ** 20;

export interface RunFolder {
  readonly path: string;
  readonly results: Results;
  /** config.yaml as it stands; null when there is none. */
  readonly config: string | null;
  readonly environment: RunEnvironment | null;
  readonly metrics: readonly MetricRecord[];
  /** Names of the files in figures/, sorted. */
  readonly figures: readonly string[];
}

/**
 * Reads everything a run left. Only results.json has to be there.
 * @throws DifftapError FILE_MISSING without a folder or results.json; DATA_REFUSED naming file and field of what is damaged.
 */
export async function readRunFolder(path: string): Promise<RunFolder> {
  await checkFolder(path);
  const [results, environment, metrics, config] = await Promise.all(
    [runFiles.results, runFiles.environment, runFiles.metrics, runFiles.config].map((name) =>
      readText(join(path, name)),
    ),
  );
  if (results == null) throw noResults(path);
  return {
    path,
    results: validate(
      resultsSchema,
      parseJson(results, join(path, runFiles.results)),
      join(path, runFiles.results),
      "DATA_REFUSED",
    ),
    config: config ?? null,
    environment: environment == null ? null : readEnvironment(environment, join(path, runFiles.environment)),
    metrics: metrics == null ? [] : parseMetrics(metrics, join(path, runFiles.metrics)),
    figures: (await readdir(join(path, runFiles.figures)).catch(() => [])).sort(),
  };
}

/**
 * Reads metrics.jsonl of a run that may still be under way; nothing when it has none.
 * @throws DifftapError DATA_REFUSED naming file, line and field of what is damaged.
 */
export async function readMetrics(path: string): Promise<MetricRecord[]> {
  const file = join(path, runFiles.metrics);
  const text = await readText(file);
  return text === null ? [] : parseMetrics(text, file);
}

function readEnvironment(text: string, file: string): RunEnvironment {
  return validate(environmentSchema, parseJson(text, file), file, "DATA_REFUSED");
}

/** Lines up to the last line feed: what stands behind it is a line that a crash tore, or one being written now. */
function parseMetrics(text: string, file: string): MetricRecord[] {
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
  return lines.map((line, index) => {
    const where = `${file} line ${index + 1}`;
    return validate(metricSchema, parseJson(line, where), where, "DATA_REFUSED");
  });
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DifftapError("DATA_REFUSED", `${where} is not JSON: ${(cause as Error).message}`, {
      hint: "the file is damaged; run the measurement again",
      cause,
    });
  }
}

async function readText(file: string): Promise<string | null> {
  try {
    const { size } = await stat(file);
    if (size > MAXIMUM_BYTES)
      throw new DifftapError(
        "DATA_REFUSED",
        `${file} has ${size} bytes, more than the ${MAXIMUM_BYTES} a run may have`,
      );
    return await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (cause instanceof DifftapError) throw cause;
    throw new DifftapError("READ_FAILED", `cannot read ${file}: ${(cause as Error).message}`, {
      details: { path: file },
      cause,
    });
  }
}

async function checkFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new DifftapError(
    "FILE_MISSING",
    found ? `${path} is a file, not a run folder` : `there is no run folder ${path}`,
    {
      hint: "give the folder that difftap-eval or difftap-train wrote with --out",
      details: { path },
    },
  );
}

function noResults(path: string): DifftapError {
  return new DifftapError("FILE_MISSING", `${path} has no ${runFiles.results}`, {
    hint: "the run has not finished, or the folder is not a run folder",
    details: { path },
  });
}
