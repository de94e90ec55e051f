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
import { DifftapError, nearest } from "@difftap/core";
import type { Engine } from "./engine.js";
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
}

/**
 * Starts the named engine, or with "auto" the first that starts.
 * Named engines are never replaced by another: what is asked for runs, or it is an error.
 * @throws DifftapError ENGINE_MISSING for a name this version does not have, or an engine that does not start (its
 * error as the cause).
 */
export async function selectEngine(
  name = "auto",
  candidates: readonly Engine[] = engines,
): Promise<EngineChoice> {
  return name === "auto" ? startFirst(candidates) : startNamed(name, candidates);
}

async function startNamed(name: string, candidates: readonly Engine[]): Promise<EngineChoice> {
  const engine = candidates.find((each) => each.name === name);
  if (!engine) throw unknownEngine(name);
  try {
    await engine.start();
  } catch (cause) {
    throw new DifftapError("ENGINE_MISSING", `engine ${name} does not start: ${messageOf(cause)}`, {
      hint: 'take "auto", which tries the others too',
      details: { name },
      cause,
    });
  }
  return chosen(engine, "asked for by name", []);
}

async function startFirst(candidates: readonly Engine[]): Promise<EngineChoice> {
  const failures: EngineFailure[] = [];
  for (const engine of candidates) {
    try {
      await engine.start();
      return chosen(engine, engine.strength, failures);
    } catch (error) {
      failures.push({ name: engine.name, reason: messageOf(error) });
    }
  }
  const tried = failures.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  throw new DifftapError("ENGINE_MISSING", `no engine starts (${tried})`, {
    hint: "install the packages again; the engines come with @difftap/engine",
    details: { failures },
  });
}

function chosen(
  { name, version, device }: Engine,
  reason: string,
  failures: readonly EngineFailure[],
): EngineChoice {
  return { name, version, device, reason, failures };
}

function unknownEngine(name: string): DifftapError {
  const known = ["auto", ...engineNames];
  return new DifftapError("ENGINE_MISSING", `there is no engine named "${name}"`, {
    hint: `did you mean "${nearest(name, known)}"? This version has ${known.join(", ")}`,
    details: { name, known },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
