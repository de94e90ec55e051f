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
 *   elementwise: true,
 *   slots: () => [],
 *   numbers: ({ rate }) => ({ rate }),
 *   update: ({ weight, gradient, numbers }) => ({ weight: tf.sub(weight, tf.mul(numbers.rate!, gradient)) }),
 * });
 * ```
 */
import { DifftapError } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { z } from "zod";
import { clipByGlobalNorm } from "./clip.js";
import { assign, assignParts, joined, type Pack, packParameters, piecesOf, shapeOf } from "./packs.js";
import type { Trainable } from "./trainable.js";
import type { Piece } from "./variables.js";

export type Named<T> = Readonly<Record<string, T>>;

export interface StepNumbers {
  readonly rate: number;
  /** Counted from 1. */
  readonly step: number;
}

/** Of one parameter, or of several joined into a vector where the optimiser is elementwise. */
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
  /** Whether an element moves by its own past alone. Parameters are joined into vectors then; they come one by one, in their shapes, otherwise. */
  readonly elementwise: boolean;
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
  readonly state: ReadonlyMap<string, Piece>;
  /**
   * Records one step on the engine and reads nothing. Called inside a tidy. Given `clipNorm`, it scales the gradients down to this global
   * norm first, and gives what their norm was.
   * @throws DifftapError NUMERIC for a missing gradient.
   */
  update(
    gradients: ReadonlyMap<string, tf.Tensor>,
    step: StepNumbers,
    clipNorm?: number,
  ): tf.Scalar | undefined;
  dispose(): void;
}

/** What is remembered of a pack, by slot. */
interface Memory {
  readonly pack: Pack;
  readonly slots: ReadonlyMap<string, tf.Variable>;
}

/** An optimiser of these parameters, at its beginning. `rateShares` are of the learning rate, by parameter; 1 unless given. */
export function createOptimizer<Schema extends SettingsSchema>(
  { elementwise, slots, numbers, update }: OptimizerDefinition<Schema>,
  settings: z.output<Schema>,
  variables: Trainable["variables"],
  rateShares?: Trainable["rateShares"],
): Optimizer {
  const packs = packParameters(variables, { rateShares, apart: !elementwise });
  const memories = packs.map((pack) => emptyMemory(pack, slots(settings)));
  return {
    state: new Map(memories.flatMap(stateOf)),
    update(gradients, step, clipNorm) {
      requireAll(gradients, variables);
      const given = new Map(memories.map((memory) => [memory, joined(memory.pack, gradients)]));
      const clipped = clipNorm === undefined ? undefined : clipByGlobalNorm(given, clipNorm);
      const numbersAt = remembered((share) =>
        asTensors(numbers({ ...step, rate: share * step.rate }, settings)),
      );
      for (const [{ pack, slots: own }, gradient] of clipped?.gradients ?? given) {
        const now = numbersAt(pack.rateShare);
        const whole = { weight: joined(pack), gradient, slots: Object.fromEntries(own), numbers: now };
        const moved = update(whole, settings);
        for (const [slot, variable] of own) assign(variable, moved[slot]!);
        assignParts(pack, moved.weight);
      }
      return clipped?.norm;
    },
    dispose: () => tf.dispose(memories.flatMap(({ slots: own }) => [...own.values()])),
  };
}

function emptyMemory(pack: Pack, slots: readonly string[]): Memory {
  const zeros = () => tf.tidy(() => tf.variable(tf.zeros(shapeOf(pack)), false));
  return { pack, slots: new Map(slots.map((slot) => [slot, zeros()])) };
}

function stateOf({ pack, slots }: Memory): [string, Piece][] {
  return [...slots].flatMap(([slot, variable]) =>
    piecesOf(pack, variable).map(([name, piece]): [string, Piece] => [`${slot}.${name}`, piece]),
  );
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

function requireAll(gradients: ReadonlyMap<string, tf.Tensor>, variables: Trainable["variables"]): void {
  for (const name of variables.keys()) {
    if (gradients.has(name)) continue;
    throw new DifftapError("NUMERIC", `no gradient reaches parameter ${name}`, {
      hint: "the forward pass does not use it: leave it out of the variables, or keep it as a buffer",
      details: { name },
    });
  }
}
