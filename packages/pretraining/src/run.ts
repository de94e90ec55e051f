/** A pretraining under way: what it is made of, how it begins or goes on where a checkpoint left it, and how it is saved. */
import { join } from "node:path";
import { bytesOf, type FileSystem, type LongWork, nodeFileSystem } from "@difftap/core";
import type { Schedule } from "@difftap/scheduler";
import {
  type Average,
  alone,
  assignVariables,
  type Collective,
  checkSameFacts,
  createAverage,
  type Duration,
  durationSchema,
  type LogLengths,
  type Optimizer,
  openRunLog,
  optimizerOf,
  parseSettings,
  planSteps,
  type RunLog,
  readVariables,
  recipeFacts,
  type SavedCheckpoint,
  shareOf,
  stepsIn,
  type TrainingPlan,
} from "@difftap/trainer";
import {
  averagePart,
  joinTensors,
  type PretrainingState,
  type PretrainingTensors,
  pretrainingFiles,
  splitTensors,
} from "./checkpoints.js";
import type { Denoiser } from "./denoiser.js";
import { brokenState } from "./divergence.js";
import { type PretrainingRecipe, parsePretrainingRecipe, type ResolvedPretrainingRecipe } from "./recipe.js";
import type { SampleGrids } from "./samples.js";
import type { ImageSource } from "./source.js";
import type { StepUnderWay } from "./step.js";
import { timestepSampler } from "./timesteps/registry.js";
import type { TimestepSampler } from "./timesteps/sampler.js";

export interface PretrainOptions extends LongWork {
  /** Changed in place; on the running engine. */
  readonly model: Denoiser;
  /** The process that is learned, not respaced. */
  readonly schedule: Schedule;
  readonly source: ImageSource;
  readonly recipe: PretrainingRecipe;
  /** Takes `metrics.jsonl`, `tensorboard/` and `checkpoints/`; a checkpoint in it is continued. Nothing is written without one. */
  readonly folder?: string | undefined;
  /** An epoch unless given. The last step always gets a checkpoint. */
  readonly checkpointEvery?: Duration | undefined;
  /** Checkpoints at multiples of this stay; of the others the newest two. */
  readonly keepEvery?: Duration | undefined;
  /** Pictures of the first average (or the weights themselves) in the course of training; none unless given. */
  readonly samples?: SampleGrids | undefined;
  /** The processes that share the work; this one alone unless given. */
  readonly collective?: Collective | undefined;
  /** The file system to write to; another one only in tests of crashes and full disks. */
  readonly fileSystem?: FileSystem | undefined;
}

export interface PretrainingRun {
  readonly options: PretrainOptions;
  readonly model: Denoiser;
  readonly schedule: Schedule;
  readonly recipe: ResolvedPretrainingRecipe;
  readonly plan: TrainingPlan;
  /** In steps. */
  readonly every: {
    readonly checkpoint: number;
    readonly keep: number | undefined;
    readonly samples: number;
  };
  readonly collective: Collective;
  /** Images of one of this rank's parts. */
  readonly share: number;
  readonly sampler: TimestepSampler;
  readonly optimizer: Optimizer;
  readonly averages: readonly Average[];
  readonly log: RunLog | undefined;
  /** Steps done, their numbers checked. */
  step: number;
  /** The step behind them, where it has been begun. */
  pending: StepUnderWay | undefined;
  /** Path of the last checkpoint's JSON. */
  checkpoint: string | undefined;
}

const NOTHING_WRITTEN: LogLengths = { metrics: 0, events: 0 };

/** @throws DifftapError CONFIG_INVALID, STORE_MISMATCH, WEIGHTS_MISMATCH, CHECKPOINT_REFUSED, READ_FAILED, WRITE_FAILED. */
export async function openPretraining(options: PretrainOptions): Promise<PretrainingRun> {
  const { model, schedule, source, collective = alone, fileSystem = nodeFileSystem } = options;
  const recipe = parsePretrainingRecipe(options.recipe);
  const plan = planSteps(recipe, source.length, "dropped");
  const share = shareOf(recipe.batch, collective, recipe.accumulate);
  const every = intervals(options, plan);
  const folder = collective.rank === 0 ? options.folder : undefined;
  const found = folder === undefined ? undefined : await pretrainingFiles.latest(checkpointsIn(folder));
  const sampler = timestepSampler(recipe.timesteps, schedule.steps);
  const optimizer = optimizerOf(recipe.optimizer, model.variables);
  const averages = recipe.ema.map((each) => createAverage(model.variables, each));
  const parts = { model, optimizer, averages, sampler };
  try {
    if (found) resumeFrom(found, parts, stateOf({ recipe, model, step: 0 }, source.length, NOTHING_WRITTEN));
    const written = found?.state.written ?? NOTHING_WRITTEN;
    const log = folder === undefined ? undefined : await openRunLog(folder, written, fileSystem);
    const step = found?.state.step ?? 0;
    const own = { options, schedule, recipe, plan, every, collective, share, log, checkpoint: found?.path };
    const run: PretrainingRun = { ...own, ...parts, step, pending: undefined };
    await agree(run);
    return run;
  } catch (error) {
    disposeParts(parts);
    throw error;
  }
}

export async function closePretraining(run: PretrainingRun): Promise<void> {
  disposeParts(run);
  await run.log?.close();
}

type Parts = Pick<PretrainingRun, "model" | "optimizer" | "averages" | "sampler">;

function disposeParts({ optimizer, averages }: Parts): void {
  optimizer.dispose();
  for (const average of averages) average.dispose();
}

const checkpointsIn = (folder: string) => join(folder, "checkpoints");

function intervals({ checkpointEvery, keepEvery, samples }: PretrainOptions, plan: TrainingPlan) {
  const inSteps = (name: string, duration: Duration) =>
    stepsIn(parseSettings(durationSchema, duration, name), plan);
  return {
    checkpoint: checkpointEvery ? inSteps("checkpointEvery", checkpointEvery) : plan.stepsPerEpoch,
    keep: keepEvery && inSteps("keepEvery", keepEvery),
    samples: samples ? inSteps("samples.every", samples.every) : Number.POSITIVE_INFINITY,
  };
}

function stateOf(
  { recipe, model, step }: { recipe: ResolvedPretrainingRecipe; model: Denoiser; step: number },
  samples: number,
  written: LogLengths,
): PretrainingState {
  return { step, samples, recipe, description: model.description, written };
}

function resumeFrom(found: SavedCheckpoint<PretrainingState>, parts: Parts, now: PretrainingState): void {
  checkSameFacts(found.path, factsOf(found.state), factsOf(now));
  restoreTensors(parts, splitTensors(found.tensors));
}

/** In how many parts and by how many ranks a step is computed does not matter. */
function factsOf({ samples, recipe, description }: PretrainingState): Record<string, string> {
  const { accumulate: _, ...decisive } = recipe;
  return { samples: String(samples), ...recipeFacts({ ...decisive, model: description }) };
}

/** All that a checkpoint holds of a run, by part. */
async function captureTensors({ model, optimizer, averages, sampler }: Parts): Promise<PretrainingTensors> {
  const averaged = averages.map(
    async ({ state }, index) => [averagePart(index), await readVariables(state)] as const,
  );
  return {
    model: await readVariables(model.variables),
    optimizer: await readVariables(optimizer.state),
    ...Object.fromEntries(await Promise.all(averaged)),
    sampler: sampler.state(),
  };
}

function restoreTensors({ model, optimizer, averages, sampler }: Parts, tensors: PretrainingTensors): void {
  const given = (part: string) => tensors[part] ?? {};
  assignVariables([
    { own: model.variables, given: given("model") },
    { own: optimizer.state, given: given("optimizer") },
    ...averages.map(({ state }, index) => ({ own: state, given: given(averagePart(index)) })),
  ]);
  sampler.restore(given("sampler"));
}

/** Every rank takes rank 0's place and numbers: a checkpoint lies with rank 0 only. */
async function agree(run: PretrainingRun): Promise<void> {
  const { collective } = run;
  if (collective.size === 1) return;
  const place = Float64Array.of(run.step);
  collective.broadcast(new Uint8Array(place.buffer));
  run.step = place[0]!;
  const tensors = await captureTensors(run);
  for (const part of Object.values(tensors)) {
    for (const array of Object.values(part)) collective.broadcast(bytesOf(array));
  }
  restoreTensors(run, tensors);
}

/**
 * Writes a checkpoint, once the log is safe on disk.
 * @throws DifftapError NUMERIC for numbers that are not finite, WRITE_FAILED; the checkpoints before it are intact then.
 */
export async function saveRun(run: PretrainingRun): Promise<void> {
  const { options, log, every } = run;
  if (options.folder === undefined || log === undefined) return;
  const tensors = await captureTensors(run);
  for (const [part, own] of Object.entries(tensors)) brokenState(run, part, own);
  const state = stateOf(run, options.source.length, await log.sync());
  run.checkpoint = await pretrainingFiles.write(checkpointsIn(options.folder), state, joinTensors(tensors), {
    ...(options.fileSystem && { fileSystem: options.fileSystem }),
    keepEvery: every.keep,
  });
}
