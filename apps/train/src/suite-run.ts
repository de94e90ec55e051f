/** Runs the jobs of a suite, one after the other. */
import { join } from "node:path";
import type { CommandContext } from "@difftap/command-line";
import { type ChildEnd, runChild } from "./suite-child.js";
import { commandNamed, type KnownCommand, type KnownCommands } from "./suite-commands.js";
import { beginJob, failJob, finishJob, folderOf, LOG, stateOf, writeStep } from "./suite-folder.js";
import { fillIn } from "./suite-placeholders.js";
import type { Job, Step } from "./suite-plan.js";
import { SHARD_VARIABLES } from "./suite-shard.js";

/** Lines of its log that a failure is explained with. */
const REASON_LINES = 6;

export interface SuiteRun {
  readonly jobs: readonly Job[];
  /** Folder of the suite. */
  readonly out: string;
  readonly commands: KnownCommands;
  readonly context: Pick<CommandContext, "signal" | "onProgress">;
}

/**
 * Skips what is finished; a job that fails is recorded and the others go on.
 * @returns the titles of those that failed
 * @throws DifftapError INTERRUPTED once the job under way has saved; STORE_MISMATCH, WRITE_FAILED
 */
export async function runJobs({ jobs, out, commands, context }: SuiteRun): Promise<string[]> {
  const failed: string[] = [];
  for (const [done, job] of jobs.entries()) {
    const event = { task: "jobs", done, total: jobs.length, unit: "jobs" };
    if ((await stateOf(job, out)).kind === "finished") continue;
    const onLine = (line: string) => context.onProgress({ ...event, detail: `${job.title}: ${line}` });
    const folder = join(out, folderOf(job));
    const ended = await runJob(job, { folder, commands, signal: context.signal, onLine });
    if (ended.failure !== undefined) failed.push(job.title);
    const outcome = ended.failure ?? `finished in ${ended.seconds.toFixed(1)} s`;
    context.onProgress({ ...event, done: done + 1, message: `${job.title}: ${outcome}` });
  }
  return failed;
}

interface JobPlace {
  readonly folder: string;
  readonly commands: KnownCommands;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

interface Ended {
  readonly seconds: number;
  readonly failure?: string;
}

async function runJob(job: Job, place: JobPlace): Promise<Ended> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  await beginJob(job, place.folder);
  const end = await runSteps(job.steps, place);
  if (end.code !== 0) {
    const failure = reasonOf(end);
    await failJob(place.folder, failure);
    return { seconds: seconds(), failure };
  }
  const printed: unknown = job.leavesRun ? undefined : JSON.parse(end.printed);
  await finishJob(place.folder, { seconds: seconds(), printed });
  return { seconds: seconds() };
}

/** Up to the last one, or the first that fails. */
async function runSteps(steps: readonly Step[], place: JobPlace, number = 1): Promise<ChildEnd> {
  const end = await runStep(steps[number - 1]!, number, place);
  return end.code === 0 && number < steps.length ? runSteps(steps, place, number + 1) : end;
}

async function runStep(step: Step, number: number, place: JobPlace): Promise<ChildEnd> {
  const { folder, commands, signal, onLine } = place;
  const command = commandNamed(step.command, commands);
  const settings = fillIn(step.settings, { out: folder }, step.command);
  const config = await writeStep(folder, number, settings);
  const preset = step.preset === undefined ? [] : ["--preset", step.preset];
  return runChild({
    argv: [...command.argv, ...preset, "--config", config, "--json"],
    environment: environmentFor(command),
    log: join(folder, LOG),
    signal,
    onLine,
  });
}

/** What a job does is in its settings alone: neither variables that set some, nor the suite's shard, get through. */
function environmentFor({ settings }: KnownCommand): Record<string, string | undefined> {
  const names = [...settings].map((name) => `DIFFTAP_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`);
  const withheld = new Set<string>([...names, ...SHARD_VARIABLES]);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !withheld.has(name)));
}

/** "exit 3: …", with its error where it says one, else its last lines. */
function reasonOf({ code, signal, said }: ChildEnd): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const error = lines.findLastIndex((line) => line.startsWith("error "));
  const words = lines.slice(error < 0 ? -REASON_LINES : error).slice(0, REASON_LINES);
  return `${signal === null ? `exit ${code}` : `ended by ${signal}`}: ${words.join("; ") || "it said nothing"}`;
}
