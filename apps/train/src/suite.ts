/** `difftap-train suite`: data sets × readings × seeds as jobs of their own; continues where it was stopped. */
import { type CommandContext, type CommandSpec, describeEnvironment } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { shardFromEnvironment } from "@difftap/eval";
import { createRunFolder, type Suite, writeResults } from "@difftap/run-folder";
import type { Command } from "commander";
import { knownCommands } from "./suite-commands.js";
import { type JobFigures, readFigures } from "./suite-figures.js";
import { type JobState, stateOf } from "./suite-folder.js";
import { type Job, planSuite } from "./suite-plan.js";
import { suiteResults } from "./suite-results.js";
import { rowsOf } from "./suite-rows.js";
import { runJobs } from "./suite-run.js";
import { type SuiteSettings, suiteOptions } from "./suite-settings.js";
import { shareOf } from "./suite-shard.js";
import { markdownTable } from "./suite-table.js";

/** @param program whose other commands its jobs may run */
export const suite = (program: Command): CommandSpec<typeof suiteOptions> => ({
  name: "suite",
  about: "Runs a set of data sets × readings × seeds, and makes one table of what they give",
  example:
    "difftap-train suite --preset fgvc --data data --weights models/256x256_diffusion_uncond.pt --out runs/fgvc",
  presets: new URL("../presets/suite/", import.meta.url),
  options: suiteOptions,
  run: async (settings, context) => {
    const commands = knownCommands(program);
    const jobs = planSuite(settings, commands);
    await statesOf(jobs, settings.out);
    const failed = settings.tableOnly ? [] : await run(jobs, { settings, context, commands });
    await conclude(jobs, settings, context);
    if (failed.length > 0) throw jobsFailed(failed, jobs.length);
  },
});

interface Surroundings {
  readonly settings: SuiteSettings;
  readonly context: CommandContext;
  readonly commands: ReturnType<typeof knownCommands>;
}

/** @returns the titles of the jobs of this shard that failed */
async function run(jobs: readonly Job[], { settings, context, commands }: Surroundings): Promise<string[]> {
  const { shard = shardFromEnvironment(process.env), tableOnly: _, ...config } = settings;
  await createRunFolder(settings.out, { config, environment: describeEnvironment({}) });
  return runJobs({ jobs: shareOf(jobs, shard), out: settings.out, commands, context });
}

type Known = readonly [Job, JobState];

const statesOf = (jobs: readonly Job[], out: string): Promise<Known[]> =>
  Promise.all(jobs.map(async (job): Promise<Known> => [job, await stateOf(job, out)]));

/** Writes the table once all jobs have ended, whichever shard ran them; earlier where it is asked for. */
async function conclude(
  jobs: readonly Job[],
  settings: SuiteSettings,
  context: CommandContext,
): Promise<void> {
  const known = await statesOf(jobs, settings.out);
  const missing = known.flatMap(([{ title }, { kind }]) => (kind === "open" ? [title] : []));
  const failures = known.flatMap(([{ title }, state]) =>
    state.kind === "failed" ? [{ job: title, reason: state.reason }] : [],
  );
  if (settings.tableOnly && missing.length === jobs.length) throw nothingThere(settings);
  if (missing.length > 0) context.terminal.note(`not finished: ${missing.join("; ")}`);
  const due = missing.length === 0 || settings.tableOnly;
  const finished = due ? await figuresOf(known, settings.out) : [];
  const table = { rows: rowsOf(finished), failures, missing };
  if (table.rows.length > 0) await write(table, finished, settings, context);
  print(table, settings, context);
}

async function figuresOf(known: readonly Known[], out: string): Promise<JobFigures[]> {
  const finished: JobFigures[] = [];
  for (const [job, state] of known) {
    if (state.kind === "finished") finished.push(await readFigures(job, state, out));
  }
  return finished;
}

function write(
  table: Suite,
  finished: readonly JobFigures[],
  { title, out }: SuiteSettings,
  { commandLine: command }: CommandContext,
): Promise<void> {
  return writeResults(out, suiteResults({ title, command, suite: table, finished }));
}

function print(table: Suite, { title }: SuiteSettings, { terminal, json }: CommandContext): void {
  if (json) {
    terminal.data(`${JSON.stringify({ title, ...table }, null, 2)}\n`);
    return;
  }
  const notes = table.failures.map(({ job, reason }) => `- ${job}: ${reason}\n`);
  if (table.rows.length > 0) terminal.data(`${markdownTable(table.rows)}\n${SAID}\n`);
  if (notes.length > 0) terminal.data(`\nWithout a number:\n\n${notes.join("")}`);
}

const SAID = "Ours: mean ± sample standard deviation over the seeds; the interval spans those of the seeds.";

function nothingThere({ out }: SuiteSettings): DifftapError {
  return new DifftapError("FILE_MISSING", `no job of the suite has ended in ${out}`, {
    hint: "run it without --table-only first, or name the folder that it ran in",
    details: { out },
  });
}

function jobsFailed(failed: readonly string[], all: number): DifftapError {
  return new DifftapError("RUNTIME_FAILED", `${failed.length} of ${all} jobs failed: ${failed.join("; ")}`, {
    hint: "jobs/NAME/job.log has what each said; the same command runs them again",
    details: { failed },
  });
}
