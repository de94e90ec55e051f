/** Every optimiser. A new one is a file in optimizers/, a line here and a test. */
import { z } from "zod";
import { createOptimizer, type Optimizer, type OptimizerDefinition } from "./optimizer.js";
import { adam } from "./optimizers/adam.js";
import { adamw } from "./optimizers/adamw.js";
import { lars } from "./optimizers/lars.js";
import { sgd } from "./optimizers/sgd.js";
import type { Trainable } from "./trainable.js";

export const optimizers = [sgd, adam, adamw, lars] as const;

type Schema = (typeof optimizers)[number]["settings"];
const [first, ...others] = optimizers.map(({ settings }) => settings as Schema);

/** Settings of any of them, told apart by `kind`. */
export const optimizerSettings = z.discriminatedUnion("kind", [first!, ...others]);

/** The optimiser that checked settings ask for. */
export function optimizerOf(
  settings: z.output<typeof optimizerSettings>,
  variables: Trainable["variables"],
  rateShares?: Trainable["rateShares"],
): Optimizer {
  const definition = optimizers.find(({ settings: { shape } }) => shape.kind.value === settings.kind);
  return createOptimizer(definition as OptimizerDefinition, settings, variables, rateShares);
}
