/**
 * What an optimiser is: what it remembers of each parameter, which numbers change from step to step, and how a parameter moves.
 *
 * ```ts
 * import { z } from "zod";
 * import { tf } from "@difftap/engine";
 * import { defineOptimizer } from "./optimizer.js";
 *
 * export const descent = defineOptimizer({
 *   settings: z.strictObject({ kind: z.literal("descent") }),
 *   slots: () => [],
 *   numbers: ({ rate }) => ({ rate }),
 *   update: ({ weight, gradient, numbers }) => ({ weight: tf.sub(weight, tf.mul(numbers.rate!, gradient)) }),
 * });
 * ```
 */
import { DifftapError } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { z } from "zod";

export type Named<T> = Readonly<Record<string, T>>;

export interface StepNumbers {
  readonly rate: number;
  /** Counted from 1. */
  readonly step: number;
}

export interface ParameterStep {
  readonly weight: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** What the optimiser remembers of this parameter, by slot. */
  readonly slots: Named<tf.Tensor>;
  /** The numbers of this step as tensors [1]: a lazy engine would take a scalar for a constant and compile every step anew. */
  readonly numbers: Named<tf.Tensor>;
}

/** The new weight, and the new value of every slot under its name. */
export type Moved = { readonly weight: tf.Tensor } & Named<tf.Tensor>;

export interface OptimizerDefinition<Schema extends SettingsSchema = SettingsSchema> {
  /** Checks settings and fills in their defaults; `kind` is the optimiser's name. */
  readonly settings: Schema;
  /** What is remembered of each parameter; zeros at the beginning. */
  slots(settings: z.output<Schema>): readonly string[];
  /** What changes from step to step, computed in float64. */
  numbers(step: StepNumbers, settings: z.output<Schema>): Named<number>;
  /** Called inside a tidy. */
  update(parameter: ParameterStep, settings: z.output<Schema>): Moved;
}

export type SettingsSchema = z.ZodObject<{ kind: z.ZodLiteral<string> }>;

/** Types a definition by its schema. */
export function defineOptimizer<Schema extends SettingsSchema>(
  definition: OptimizerDefinition<Schema>,
): OptimizerDefinition<Schema> {
  return definition;
}

export interface Optimizer {
  /** What has to be saved beside the parameters, as `slot.parameter`. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** Records one step on the engine and reads nothing. Called inside a tidy. @throws DifftapError NUMERIC for a missing gradient. */
  update(gradients: ReadonlyMap<string, tf.Tensor>, step: StepNumbers): void;
  dispose(): void;
}

/** An optimiser of these parameters, at its beginning. `rateShares` are of the learning rate, by parameter; 1 unless given. */
export function createOptimizer<Schema extends SettingsSchema>(
  { slots, numbers, update }: OptimizerDefinition<Schema>,
  settings: z.output<Schema>,
  variables: ReadonlyMap<string, tf.Variable>,
  rateShares: ReadonlyMap<string, number> = new Map(),
): Optimizer {
  const names = slots(settings);
  const state = new Map(
    [...variables].flatMap(([name, { shape }]) => names.map((slot) => [`${slot}.${name}`, zeros(shape)])),
  );
  const slotsOf = (name: string) => names.map((slot) => [slot, state.get(`${slot}.${name}`)!] as const);
  return {
    state,
    update(gradients, step) {
      const numbersAt = remembered((share) =>
        asTensors(numbers({ ...step, rate: share * step.rate }, settings)),
      );
      for (const [name, weight] of variables) {
        const own = slotsOf(name);
        const gradient = gradients.get(name) ?? missingGradient(name);
        const now = numbersAt(rateShares.get(name) ?? 1);
        const moved = update({ weight, gradient, slots: Object.fromEntries(own), numbers: now }, settings);
        for (const [slot, variable] of own) assign(variable, moved[slot]!);
        assign(weight, moved.weight);
      }
    },
    dispose: () => tf.dispose([...state.values()]),
  };
}

function zeros(shape: number[]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.zeros(shape), false));
}

function asTensors(numbers: Named<number>): Named<tf.Tensor> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tf.tensor1d([value])]));
}

/** Computed once for each argument. */
function remembered<T>(compute: (of: number) => T): (of: number) => T {
  const known = new Map<number, T>();
  return (of) => {
    const value = known.get(of) ?? compute(of);
    known.set(of, value);
    return value;
  };
}

/** A number of shape [1] gives a scalar parameter an axis; this takes it away again. */
export function assign(variable: tf.Variable, value: tf.Tensor): void {
  variable.assign(variable.rank === value.rank ? value : tf.reshape(value, variable.shape));
}

function missingGradient(name: string): never {
  throw new DifftapError("NUMERIC", `no gradient reaches parameter ${name}`, {
    hint: "the forward pass does not use it: leave it out of the variables, or keep it as a buffer",
    details: { name },
  });
}
