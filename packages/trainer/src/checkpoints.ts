/**
 * Checkpoints of heads: the tensors of all models, and what each is. Step and seed are the whole position: schedule, order and everything
 * that is drawn are addressed by them.
 */
import type { FileSystem, NdArray } from "@difftap/core";
import { z } from "zod";
import { checkpointFiles, type NamedTensors, type SavedCheckpoint } from "./checkpoint-files.js";
import { recipeSchema } from "./recipe.js";

const SCHEMA = "difftap.checkpoint/2";

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

const files = checkpointFiles(SCHEMA, stateSchema);

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
  const named = state.models.flatMap((model, index) => prefixed(model.name, tensors[index]!));
  return files.write(folder, state, named, { fileSystem });
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

/**
 * The newest checkpoint of a folder; undefined when it has none.
 * @throws DifftapError as `readCheckpoint`.
 */
export async function latestCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const saved = await files.latest(folder);
  return saved && withTensors(saved);
}

/**
 * Reads a checkpoint by the path of its JSON.
 * @throws DifftapError FILE_MISSING; CHECKPOINT_REFUSED when JSON or tensors are damaged or do not belong together.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return withTensors(await files.read(path));
}

function withTensors({ path, state, tensors }: SavedCheckpoint<CheckpointState>): Checkpoint {
  const models = state.models.map((model) => ({ ...model, tensors: tensorsOf(model.name, tensors) }));
  return { path, ...state, models };
}

function tensorsOf(model: string, tensors: NamedTensors): ModelTensors {
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
