/**
 * How checkpoints lie in a folder: `step-00000123.safetensors` holds tensors, `step-00000123.json` says what they are and announces them.
 * Both are written atomically, tensors first: a checkpoint without its JSON is not there.
 *
 * ```ts
 * import { checkpointFiles } from "@difftap/trainer";
 *
 * const files = checkpointFiles("example/1", z.strictObject({ step: z.int().min(0) }));
 * await files.write("run/checkpoints", { step: 5 }, [["model.weight", weight]]);
 * const { state, tensors } = (await files.latest("run/checkpoints"))!;
 * ```
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openWeights, weightsDigest, writeSafetensors } from "@difftap/checkpoint";
import {
  DifftapError,
  type FileSystem,
  type NdArray,
  nodeFileSystem,
  stableStringify,
  writeFailed,
  writeFileAtomic,
} from "@difftap/core";
import { z } from "zod";

/** The newest, and the one before it should the newest turn out damaged. */
const KEPT = 2;

export type NamedTensors = readonly (readonly [string, NdArray])[];

export interface SavedCheckpoint<State> {
  /** Of the JSON. */
  readonly path: string;
  readonly state: State;
  readonly tensors: NamedTensors;
}

export interface WriteCheckpointOptions {
  readonly fileSystem?: FileSystem;
  /** Checkpoints of every so many steps are never removed; of the others only the newest two stay. */
  readonly keepEvery?: number | undefined;
}

export interface CheckpointFiles<State> {
  /**
   * Writes a checkpoint and removes old ones. Gives the path of its JSON.
   * @throws DifftapError WRITE_FAILED; the checkpoints before it are intact then.
   */
  write(
    folder: string,
    state: State,
    tensors: NamedTensors,
    options?: WriteCheckpointOptions,
  ): Promise<string>;
  /** The newest of a folder; undefined when it has none. @throws as `read` */
  latest(folder: string): Promise<SavedCheckpoint<State> | undefined>;
  /**
   * By the path of its JSON.
   * @throws DifftapError FILE_MISSING; CHECKPOINT_REFUSED when JSON or tensors are damaged or do not belong together.
   */
  read(path: string): Promise<SavedCheckpoint<State>>;
}

const fileSchema = z.strictObject({
  weights: z.string().regex(/^step-\d+\.safetensors$/),
  sha256: z.string(),
});

/** Checkpoints of one kind: `kind` is written into each, `state` checks what is read. */
export function checkpointFiles<State extends { readonly step: number }>(
  kind: string,
  state: z.ZodType<State>,
): CheckpointFiles<State> {
  const read = (path: string) => readCheckpoint(path, kind, state);
  return {
    read,
    write: (folder, own, tensors, options = {}) => writeCheckpoint(folder, kind, own, tensors, options),
    async latest(folder) {
      const newest = (await listCheckpoints(folder)).at(-1);
      return newest === undefined ? undefined : read(join(folder, newest));
    },
  };
}

async function writeCheckpoint(
  folder: string,
  kind: string,
  state: { readonly step: number },
  tensors: NamedTensors,
  { fileSystem = nodeFileSystem, keepEvery }: WriteCheckpointOptions,
): Promise<string> {
  const name = `step-${String(state.step).padStart(8, "0")}`;
  const weights = join(folder, `${name}.safetensors`);
  await writeSafetensors(weights, tensors, {}, { fileSystem });
  const sha256 = await weightsDigest(weights);
  const path = join(folder, `${name}.json`);
  const description = { schema: kind, ...state, weights: `${name}.safetensors`, sha256 };
  await writeFileAtomic(path, `${stableStringify(description)}\n`, { fileSystem });
  await removeOld(folder, keepEvery, fileSystem);
  return path;
}

async function removeOld(
  folder: string,
  keepEvery: number | undefined,
  fileSystem: FileSystem,
): Promise<void> {
  const announced = (await listCheckpoints(folder)).map((name) => name.replace(".json", ""));
  const milestone = (name: string) =>
    keepEvery !== undefined && Number(name.slice("step-".length)) % keepEvery === 0;
  const kept = new Set(
    announced.filter((name, index) => index >= announced.length - KEPT || milestone(name)),
  );
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

async function readCheckpoint<State>(
  path: string,
  kind: string,
  schema: z.ZodType<State>,
): Promise<SavedCheckpoint<State>> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new DifftapError("FILE_MISSING", `cannot read checkpoint ${path}`, { cause });
  });
  const { schema: written, weights, sha256, ...rest } = parseJson(path, text);
  if (written !== kind) throw refused(path, `it is no ${kind}: schema: it is ${JSON.stringify(written)}`);
  const file = parsed(path, kind, fileSchema, { weights, sha256 });
  const state = parsed(path, kind, schema, rest);
  const tensorFile = join(path, "..", file.weights);
  if ((await weightsDigest(tensorFile)) !== file.sha256)
    throw refused(path, `${file.weights} is not the file it was written with`);
  return { path, state, tensors: await readTensors(tensorFile) };
}

function parsed<T>(path: string, kind: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw refused(path, `it is no ${kind}: ${issue!.path.join(".")}: ${issue!.message}`, result.error);
}

function parseJson(path: string, text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw refused(path, "it is no JSON", cause);
  }
}

async function readTensors(file: string): Promise<NamedTensors> {
  const source = await openWeights(file);
  try {
    const tensors: [string, NdArray][] = [];
    for (const name of source.tensors.keys()) tensors.push([name, await source.read(name)]);
    return tensors;
  } finally {
    await source.close();
  }
}

function refused(path: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("CHECKPOINT_REFUSED", `checkpoint ${path}: ${reason}`, {
    hint: "delete it; the checkpoint before it takes its place",
    ...(cause !== undefined && { cause }),
  });
}
