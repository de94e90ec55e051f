/**
 * Checkpoints: `step-00000123.safetensors` holds the tensors, `step-00000123.json` says what they are and announces them. Both are
 * written atomically, tensors first: a checkpoint without its JSON is not there.
 */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { openWeights, weightsDigest, writeSafetensors } from "@difftap/checkpoint";
import { DifftapError, type NdArray, stableStringify, writeFailed, writeFileAtomic } from "@difftap/core";
import type { Recipe } from "./recipe.js";

const SCHEMA = "difftap.checkpoint/1";
/** The newest, and the one before it should the newest turn out damaged. */
const KEPT = 2;

export interface CheckpointState {
  /** Steps done. */
  readonly step: number;
  readonly recipe: Recipe;
  /** Samples of the training set: with the recipe's seed and batch it fixes what comes next. */
  readonly samples: number;
  /** What the model says of itself. */
  readonly model: unknown;
}

export interface Checkpoint extends CheckpointState {
  /** Of the JSON. */
  readonly path: string;
  /** Parameters and buffers by name. */
  readonly tensors: Readonly<Record<string, NdArray>>;
  /** State of the optimiser by name. */
  readonly optimizer: Readonly<Record<string, NdArray>>;
}

export type CheckpointTensors = Pick<Checkpoint, "tensors" | "optimizer">;

const PARTS = { tensors: "model.", optimizer: "optimizer." } as const;

/**
 * Writes a checkpoint into a folder and removes all but the newest two. Gives the path of its JSON.
 * @throws DifftapError WRITE_FAILED; the checkpoints before it are intact then.
 */
export async function writeCheckpoint(
  folder: string,
  state: CheckpointState,
  content: CheckpointTensors,
): Promise<string> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw writeFailed(folder, cause);
  });
  const name = `step-${String(state.step).padStart(8, "0")}`;
  const weights = join(folder, `${name}.safetensors`);
  await writeSafetensors(weights, [...prefixed("tensors", content), ...prefixed("optimizer", content)]);
  const sha256 = await weightsDigest(weights);
  const path = join(folder, `${name}.json`);
  await writeFileAtomic(
    path,
    `${stableStringify({ schema: SCHEMA, ...state, weights: `${name}.safetensors`, sha256 })}\n`,
  );
  await removeOld(folder);
  return path;
}

function prefixed(part: keyof typeof PARTS, content: CheckpointTensors): [string, NdArray][] {
  return Object.entries(content[part]).map(([name, array]) => [PARTS[part] + name, array]);
}

async function removeOld(folder: string): Promise<void> {
  const announced = await listCheckpoints(folder);
  const kept = new Set(announced.slice(-KEPT).map((name) => name.replace(".json", "")));
  for (const file of await readdir(folder)) {
    const [stem] = file.split(".");
    if (/^step-\d+\.(json|safetensors)$/.test(file) && !kept.has(stem!)) await rm(join(folder, file));
  }
}

/** Names of the JSON files, oldest first. */
async function listCheckpoints(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => [] as string[]);
  return files.filter((file) => /^step-\d+\.json$/.test(file)).sort();
}

/**
 * The newest checkpoint of a folder; undefined when it has none.
 * @throws DifftapError as `readCheckpoint`.
 */
export async function latestCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const newest = (await listCheckpoints(folder)).at(-1);
  return newest === undefined ? undefined : readCheckpoint(join(folder, newest));
}

/**
 * Reads a checkpoint by the path of its JSON.
 * @throws DifftapError FILE_MISSING; CHECKPOINT_REFUSED when JSON or tensors are damaged or do not belong together.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new DifftapError("FILE_MISSING", `cannot read checkpoint ${path}`, { cause });
  });
  const { sha256, weights, step, recipe, samples, model } = parseDescription(path, text);
  const file = join(path, "..", weights);
  if ((await weightsDigest(file)) !== sha256)
    throw refused(path, `${weights} is not the file it was written with`);
  const { tensors, optimizer } = await readTensors(file);
  return { path, step, recipe, samples, model, tensors, optimizer };
}

type Description = CheckpointState & { schema: string; weights: string; sha256: string };

function parseDescription(path: string, text: string): Description {
  try {
    const parsed = JSON.parse(text) as Description;
    const whole =
      parsed.schema === SCHEMA && Number.isSafeInteger(parsed.step) && typeof parsed.recipe === "object";
    if (whole && /^step-\d+\.safetensors$/.test(parsed.weights)) return parsed;
  } catch (cause) {
    throw refused(path, "it is no JSON", cause);
  }
  throw refused(path, `it is no ${SCHEMA}`);
}

async function readTensors(file: string): Promise<CheckpointTensors> {
  const parts: Record<keyof typeof PARTS, Record<string, NdArray>> = { tensors: {}, optimizer: {} };
  const source = await openWeights(file);
  try {
    for (const name of source.tensors.keys()) {
      const part = name.startsWith(PARTS.optimizer) ? "optimizer" : "tensors";
      parts[part][name.slice(PARTS[part].length)] = await source.read(name);
    }
  } finally {
    await source.close();
  }
  return parts;
}

function refused(path: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("CHECKPOINT_REFUSED", `checkpoint ${path}: ${reason}`, {
    hint: "delete it; the checkpoint before it takes its place",
    ...(cause !== undefined && { cause }),
  });
}
