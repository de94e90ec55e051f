/**
 * Picks a TensorFlow.js backend, makes it current, and says why as data.
 *
 * ```ts
 * import { selectEngine, tf } from "@difftap/engine";
 *
 * const { name, reason } = await selectEngine("auto");
 * tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).arraySync(); // [[3, 3], [3, 3]]
 * ```
 */
import { DifftapError, isDifftapError, nearest } from "@difftap/core";
import type { Engine, EnginePlace } from "./engine.js";
import { engineNames, engines } from "./registry.js";

export interface EngineChoice {
  readonly name: string;
  readonly version: string;
  readonly device: string;
  /** Why this one. */
  readonly reason: string;
  /** What was tried before it and did not start. */
  readonly failures: readonly EngineFailure[];
}

export interface EngineFailure {
  readonly name: string;
  readonly reason: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Where engines are looked for, and which. */
export interface EngineSearch {
  /** Folder of the project whose node_modules hold @tensorflow/tfjs-node or -gpu; the current folder unless given. */
  readonly from?: string;
  readonly candidates?: readonly Engine[];
  /**
   * Of onnxruntime: false gives the memory of a graph back after each run, which is slower, and saves much where a step is many graphs,
   * as it is when blocks are recomputed for their gradient. True unless given; the other engines keep no such memory.
   */
  readonly arena?: boolean;
}

/**
 * Starts the named engine, or with "auto" the first that starts. "onnxruntime:webgpu" names providers of ONNX Runtime behind a colon,
 * several parted by "+".
 * Named engines are never replaced by another: what is asked for runs, or it is an error.
 * @throws DifftapError ENGINE_MISSING for a name this version does not have, or an engine that does not start (its
 * error as the cause, what to do about it as the hint).
 */
export async function selectEngine(
  name = "auto",
  { from = process.cwd(), candidates = engines, arena }: EngineSearch = {},
): Promise<EngineChoice> {
  const place = { from, arena };
  return name === "auto" ? startFirst(candidates, place) : startNamed(name, candidates, place);
}

async function startNamed(
  name: string,
  candidates: readonly Engine[],
  place: EnginePlace,
): Promise<EngineChoice> {
  const [plain, providers] = name.split(":") as [string, string?];
  const engine = candidates.find((each) => each.name === plain);
  if (!engine || (providers !== undefined && plain !== "onnxruntime")) throw unknownEngine(name);
  try {
    return {
      name,
      ...(await engine.start({ ...place, providers: providers?.split("+") })),
      reason: "asked for by name",
      failures: [],
    };
  } catch (cause) {
    const { reason, remedy } = failureOf(name, cause);
    throw new DifftapError("ENGINE_MISSING", `engine ${name} does not start: ${reason}`, {
      hint: remedy,
      details: { name },
      cause,
    });
  }
}

async function startFirst(candidates: readonly Engine[], place: EnginePlace): Promise<EngineChoice> {
  const failures: EngineFailure[] = [];
  for (const engine of candidates) {
    try {
      return { name: engine.name, ...(await engine.start(place)), reason: engine.strength, failures };
    } catch (error) {
      failures.push(failureOf(engine.name, error));
    }
  }
  const tried = failures.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  throw new DifftapError("ENGINE_MISSING", `no engine starts (${tried})`, {
    hint: "install the packages again; all but the tensorflow engines come with @difftap/engine",
    details: { failures },
  });
}

/** Why an engine did not start, and what its error says to do about it. */
export function failureOf(name: string, error: unknown): EngineFailure {
  const reason = error instanceof Error ? error.message : String(error);
  const hint = isDifftapError(error) ? error.hint : undefined;
  return { name, reason, remedy: hint ?? 'take "auto", which tries the others too' };
}

function unknownEngine(name: string): DifftapError {
  const known = ["auto", ...engineNames];
  return new DifftapError("ENGINE_MISSING", `there is no engine named "${name}"`, {
    hint: `did you mean "${nearest(name, known)}"? This version has ${known.join(", ")}`,
    details: { name, known },
  });
}
