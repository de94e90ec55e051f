/** A head as data: its description and its tensors, ready for a safetensors file with JSON beside it. */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { createHead, type Head, type HeadDescription } from "./create.js";
import type { HeadDefinition } from "./definition.js";
import type { HeadNetwork } from "./network.js";
import type { Parameters } from "./parameters.js";
import { heads } from "./registry.js";

export interface SavedHead<Description = HeadDescription> {
  readonly description: Description;
  /** Parameters and buffers by name. */
  readonly tensors: Readonly<Record<string, NdArray>>;
}

/** What is saved as heads are: detectors and segmenters too. */
export interface Saveable<Description> extends Required<Parameters> {
  readonly description: Description;
}

/** Reads parameters and buffers out of the engine. */
export async function saveHead<Description>({
  description,
  variables,
  buffers,
}: Saveable<Description>): Promise<SavedHead<Description>> {
  const named = [...variables, ...buffers];
  const arrays = named.map(async ([name, variable]) => {
    const data = Float32Array.from(await variable.data());
    return [name, ndarray("float32", variable.shape, data)] as const;
  });
  return { description, tensors: Object.fromEntries(await Promise.all(arrays)) };
}

/**
 * Builds the described head with the saved numbers.
 * @throws DifftapError as `createHead`; WEIGHTS_MISMATCH listing every missing, surplus and wrongly shaped tensor.
 */
export function restoreHead(
  { description, tensors }: SavedHead,
  definitions: readonly HeadDefinition[] = heads,
  network?: HeadNetwork,
): Head {
  const head = createHead({ ...description, seed: 0, network }, definitions);
  try {
    assignTensors(head, tensors, `head ${description.head}`);
  } catch (error) {
    head.dispose();
    throw error;
  }
  return head;
}

/**
 * Overwrites parameters and buffers. `title` is what errors call the thing they belong to: "head linear".
 * @throws DifftapError WEIGHTS_MISMATCH; nothing is changed then.
 */
export function assignTensors(
  { variables, buffers }: Required<Parameters>,
  tensors: Readonly<Record<string, NdArray>>,
  title: string,
): void {
  const own = new Map([...variables, ...buffers]);
  const problems = [
    ...[...own].flatMap(([name, { shape }]) => shapeProblem(name, shape, tensors[name])),
    ...Object.keys(tensors)
      .filter((name) => !own.has(name))
      .map((name) => `${name} is surplus`),
  ];
  if (problems.length > 0) {
    throw new DifftapError("WEIGHTS_MISMATCH", `weights do not fit ${title}: ${problems.join("; ")}`, {
      hint: "the file belongs to another spec, tap, pool or number of classes",
      details: { problems },
    });
  }
  for (const [name, variable] of own) {
    const values = Float32Array.from(tensors[name]!.data as Float32Array);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

function shapeProblem(name: string, shape: readonly number[], given: NdArray | undefined): string[] {
  if (!given) return [`${name} is missing`];
  const same = given.shape.length === shape.length && given.shape.every((side, i) => side === shape[i]);
  if (same && given.dtype === "float32") return [];
  return [`${name} is ${given.dtype} [${given.shape.join(", ")}], not float32 [${shape.join(", ")}]`];
}
