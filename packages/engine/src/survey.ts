/** Starts every engine in turn and measures it: what a user wants to know before a long run. */
import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "./engine.js";
import { matmulRate } from "./matmul-rate.js";
import { engines } from "./registry.js";
import { type EngineSearch, failureOf } from "./select.js";

export interface FoundEngine {
  readonly name: string;
  readonly found: true;
  readonly version: string;
  readonly device: string;
  /** Billions of float32 operations a second, in matrix products. */
  readonly gigaflops: number;
}

export interface MissingEngine {
  readonly name: string;
  readonly found: false;
  readonly reason: string;
  readonly remedy: string;
}

/**
 * Every engine, the one that `auto` prefers first: found or not, on what, how fast, and what to do about it.
 * Takes about a second per engine. The engine that was current stays so.
 */
export async function surveyEngines({
  from = process.cwd(),
  candidates = engines,
}: EngineSearch = {}): Promise<(FoundEngine | MissingEngine)[]> {
  const before = tf.engine().backendName;
  const found: (FoundEngine | MissingEngine)[] = [];
  for (const engine of candidates) found.push(await survey(engine, from));
  if (before) await tf.setBackend(before);
  return found;
}

async function survey(engine: Engine, from: string): Promise<FoundEngine | MissingEngine> {
  const { name } = engine;
  try {
    const facts = await engine.start({ from });
    return { name, found: true, ...facts, gigaflops: await matmulRate() };
  } catch (error) {
    return { found: false, ...failureOf(name, error) };
  }
}
