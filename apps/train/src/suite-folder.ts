/** What is known of a job from its folder: begun with which settings, finished, failed. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DifftapError, writeFileAtomic } from "@difftap/core";
import { z } from "zod";
import type { Job } from "./suite-plan.js";

/** Files of a job, beside those of the run that its command writes there. */
const files = {
  /** Written before anything else: the digest, and the commands it is of. */
  begun: "job.json",
  finished: "job-finished.json",
  failed: "job-failed.json",
} as const;

export const LOG = "job.log";

const begunSchema = z.object({ digest: z.string() });
const finishedSchema = z.object({ seconds: z.number(), printed: z.unknown().optional() });
const failedSchema = z.object({ reason: z.string() });

/** `printed`: what its command gave, where it leaves no run folder. */
export type Finished = z.output<typeof finishedSchema>;

export type JobState =
  | { readonly kind: "open" }
  | { readonly kind: "failed"; readonly reason: string }
  | ({ readonly kind: "finished" } & Finished);

/** Relative to the suite's own folder. */
export const folderOf = ({ name }: Job): string => join("jobs", name);

/** @throws DifftapError STORE_MISMATCH for a job that was finished with other settings. */
export async function stateOf(job: Job, out: string): Promise<JobState> {
  const folder = join(out, folderOf(job));
  const begun = await readJson(join(folder, files.begun), begunSchema);
  const finished = await readJson(join(folder, files.finished), finishedSchema);
  const same = begun?.digest === job.digest;
  if (finished !== undefined && !same) throw otherSettings(job, folder);
  if (finished !== undefined) return { kind: "finished", ...finished };
  const failed = same ? await readJson(join(folder, files.failed), failedSchema) : undefined;
  return failed === undefined ? { kind: "open" } : { kind: "failed", reason: failed.reason };
}

/** Makes the folder and says in it what is about to run. @throws DifftapError WRITE_FAILED */
export async function beginJob({ digest, steps, title }: Job, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await rm(join(folder, files.failed), { force: true });
  await writeJson(join(folder, files.begun), { digest, title, steps });
}

export const finishJob = (folder: string, finished: Finished): Promise<void> =>
  writeJson(join(folder, files.finished), finished);

export const failJob = (folder: string, reason: string): Promise<void> =>
  writeJson(join(folder, files.failed), { reason });

/** Settings of a step as a file for its --config; JSON is YAML. @returns its path */
export async function writeStep(folder: string, number: number, settings: object): Promise<string> {
  const path = join(folder, `job-step-${number}.json`);
  await writeJson(path, settings);
  return path;
}

const writeJson = (path: string, value: unknown) =>
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

/** Undefined where it is not there, or is not ours. */
async function readJson<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === undefined) return undefined;
    throw new DifftapError("READ_FAILED", `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function otherSettings({ title }: Job, folder: string): DifftapError {
  return new DifftapError("STORE_MISMATCH", `${title} was finished with other settings, in ${folder}`, {
    hint: `compare ${join(folder, files.begun)} with the suite; take another --out, or remove that folder`,
    details: { folder },
  });
}
