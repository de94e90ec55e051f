/**
 * Checkpoints: `step-00000123.safetensors` holds the tensors of all models, `step-00000123.json` says what they are and announces them.
 * Both are written atomically, tensors first: a checkpoint without its JSON is not there. Step and seed are the whole position: schedule,
 * order and everything that is drawn are addressed by them.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openWeights, weightsDigest, writeSafetensors } from "@difftap/checkpoint";
import {
  DifftapError,
  type FileSystem,
  type NdArray,
  stableStringify,
  writeFailed,
  writeFileAtomic,
} from "@difftap/core";
import { z } from "zod";
import { recipeSchema } from "./recipe.js";

const SCHEMA = "difftap.checkpoint/2";
/** The newest, and the one before it should the newest turn out damaged. */
const KEPT = 2;

const bestSchema = z.strictObject({ step: z.int().min(0), value: z.number() });

const modelSchema = z.strictObject({
  /** Empty for one that is trained alone. */
  name: z.string(),
  recipe: recipeSchema,
  /** What the model says of itself. */
  description: z.unknown(),
  /** Steps it took. */
  steps: z.int().min(0),
  status: z.enum(["training", "stopped", "failed"]),
  /** What went wrong where it failed. */
  failure: z.string().optional(),
  /** Of the validation metric that the recipe names. */
  best: bestSchema.optional(),
  /** Evaluations since the best. */
  stale: z.int().min(0),
});

const stateSchema = z.strictObject({
  /** Steps done. */
  step: z.int().min(0),
  /** The last step that was evaluated. */
  evaluated: z.int().min(0),
  /** Samples of the training set. */
  samples: z.int().positive(),
  models: z.array(modelSchema).min(1),
  /** Bytes of the logs that belong to the steps done. */
  written: z.strictObject({ metrics: z.int().min(0), events: z.int().min(0) }),
});

const fileSchema = stateSchema.extend({
  schema: z.literal(SCHEMA),
  weights: z.string().regex(/^step-\d+\.safetensors$/),
  sha256: z.string(),
});

export type ModelState = z.output<typeof modelSchema>;
export type CheckpointState = z.output<typeof stateSchema>;

/** Tensors by name. */
export type Tensors = Readonly<Record<string, NdArray>>;

const PARTS = ["model", "optimizer", "ema", "best"] as const;

/** `model`: parameters and buffers. `optimizer`: its state. `ema`: averaged parameters. `best`: parameters and buffers of the best evaluation. */
export type ModelTensors = Readonly<Record<(typeof PARTS)[number], Tensors>>;

export interface ModelCheckpoint extends ModelState {
  readonly tensors: ModelTensors;
}

export interface Checkpoint extends Omit<CheckpointState, "models"> {
  /** Of the JSON. */
  readonly path: string;
  readonly models: readonly ModelCheckpoint[];
}

/**
 * Writes a checkpoint into a folder and removes all but the newest two. `tensors` are in the order of the state's models. Gives the
 * path of its JSON.
 * @throws DifftapError WRITE_FAILED; the checkpoints before it are intact then.
 */
export async function writeCheckpoint(
  folder: string,
  state: CheckpointState,
  tensors: readonly ModelTensors[],
  fileSystem: FileSystem,
): Promise<string> {
  const name = `step-${String(state.step).padStart(8, "0")}`;
  const weights = join(folder, `${name}.safetensors`);
  const named = state.models.flatMap((model, index) => prefixed(model.name, tensors[index]!));
  await writeSafetensors(weights, named, {}, { fileSystem });
  const sha256 = await weightsDigest(weights);
  const path = join(folder, `${name}.json`);
  const description = { schema: SCHEMA, ...state, weights: `${name}.safetensors`, sha256 };
  await writeFileAtomic(path, `${stableStringify(description)}\n`, { fileSystem });
  await removeOld(folder, fileSystem);
  return path;
}

/** `model.fc.weight` of a model alone, `NAME:model.fc.weight` of one among several. */
function prefixOf(name: string, part: string): string {
  return name === "" ? `${part}.` : `${name}:${part}.`;
}

function prefixed(name: string, tensors: ModelTensors): [string, NdArray][] {
  return PARTS.flatMap((part) =>
    Object.entries(tensors[part]).map(([tensor, array]): [string, NdArray] => [
      prefixOf(name, part) + tensor,
      array,
    ]),
  );
}

async function removeOld(folder: string, fileSystem: FileSystem): Promise<void> {
  const announced = await listCheckpoints(folder);
  const kept = new Set(announced.slice(-KEPT).map((name) => name.replace(".json", "")));
  const old = (await readdir(folder)).filter(
    (file) => /^step-\d+\.(json|safetensors)$/.test(file) && !kept.has(file.split(".")[0]!),
  );
  // JSON first: what is announced is there.
  for (const file of old.sort()) {
    const path = join(folder, file);
    await fileSystem.unlink(path).catch((cause: unknown) => {
      throw writeFailed(path, cause);
    });
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
  const { schema: _, sha256, weights, models, ...position } = parseDescription(path, text);
  const file = join(path, "..", weights);
  if ((await weightsDigest(file)) !== sha256)
    throw refused(path, `${weights} is not the file it was written with`);
  const tensors = await readTensors(file);
  const complete = models.map((model) => ({ ...model, tensors: tensorsOf(model.name, tensors) }));
  return { path, ...position, models: complete };
}

function parseDescription(path: string, text: string): z.output<typeof fileSchema> {
  const parsed = fileSchema.safeParse(parseJson(path, text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refused(path, `it is no ${SCHEMA}: ${issue!.path.join(".")}: ${issue!.message}`, parsed.error);
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refused(path, "it is no JSON", cause);
  }
}

async function readTensors(file: string): Promise<[string, NdArray][]> {
  const source = await openWeights(file);
  try {
    const tensors: [string, NdArray][] = [];
    for (const name of source.tensors.keys()) tensors.push([name, await source.read(name)]);
    return tensors;
  } finally {
    await source.close();
  }
}

function tensorsOf(model: string, tensors: readonly [string, NdArray][]): ModelTensors {
  const parts = PARTS.map((part) => {
    const prefix = prefixOf(model, part);
    const own = tensors.filter(([name]) => name.startsWith(prefix));
    return [
      part,
      Object.fromEntries(own.map(([name, array]) => [name.slice(prefix.length), array])),
    ] as const;
  });
  return Object.fromEntries(parts) as unknown as ModelTensors;
}

function refused(path: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("CHECKPOINT_REFUSED", `checkpoint ${path}: ${reason}`, {
    hint: "delete it; the checkpoint before it takes its place",
    ...(cause !== undefined && { cause }),
  });
}
