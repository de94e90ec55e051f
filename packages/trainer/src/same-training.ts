/** Refuses to continue another training. */
import { DifftapError, stableStringify } from "@difftap/core";
import type { Checkpoint, ModelState } from "./checkpoints.js";
import { labelled } from "./learner.js";
import { scheduleOf } from "./schedule-registry.js";

type Identity = { readonly samples: number; readonly models: readonly Facts[] };
type Facts = Pick<ModelState, "name" | "recipe" | "description">;

/**
 * Compares what a checkpoint was trained with to what is asked for now. Only the duration may differ, and only where no learning rate
 * depends on it: a finished run can be made longer.
 * @throws DifftapError STORE_MISMATCH naming each field that differs, with both values.
 */
export function checkSameTraining(checkpoint: Checkpoint, now: Identity): void {
  checkSameFacts(checkpoint.path, factsOf(checkpoint), factsOf(now));
}

/** Facts by name, as text: those of the checkpoint at `path` and those of now. @throws as `checkSameTraining` */
export function checkSameFacts(
  path: string,
  before: Readonly<Record<string, string>>,
  asked: Readonly<Record<string, string>>,
): void {
  const names = new Set([...Object.keys(asked), ...Object.keys(before)]);
  const differences = [...names]
    .filter((name) => before[name] !== asked[name])
    .map((name) => `${name} was ${before[name] ?? "not there"}, is ${asked[name] ?? "not there"}`);
  if (differences.length === 0) return;
  throw new DifftapError("STORE_MISMATCH", `${path} belongs to another training: ${differences.join("; ")}`, {
    hint: "continue with the same settings, or train into another folder",
    details: { differences },
  });
}

function factsOf({ samples, models }: Identity): Record<string, string> {
  return Object.assign({ samples: String(samples) }, ...models.map(modelFacts));
}

function modelFacts({ name, recipe, description: model }: Facts) {
  const facts = Object.entries(recipeFacts({ ...recipe, model }));
  return Object.fromEntries(facts.map(([key, value]) => [labelled(name, key), value]));
}

/** Settings as facts; the duration only where a learning rate depends on it. */
export function recipeFacts(
  recipe: Pick<ModelState["recipe"], "duration" | "schedule"> & Readonly<Record<string, unknown>>,
): Record<string, string> {
  const { duration, ...settings } = recipe;
  const decisive = scheduleOf(recipe.schedule).dependsOnDuration ? { duration } : {};
  const facts = Object.entries({ ...settings, ...decisive }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(facts.map(([key, value]) => [key, stableStringify(value)]));
}
