/** Whether a checkpoint holds exactly the tensors an architecture needs. */
import type { WeightSource } from "@difftap/checkpoint";
import { DifftapError } from "@difftap/core";
import type { Architecture } from "./architecture.js";
import { describeDifferences } from "./differences.js";
import { parameterShapes } from "./parameters.js";

type Shape = readonly number[];

/** What is wrong with a checkpoint: `details` of a WEIGHTS_MISMATCH. */
export interface WeightProblems {
  readonly missing: readonly { readonly name: string; readonly expected: Shape }[];
  readonly surplus: readonly { readonly name: string; readonly found: Shape }[];
  readonly misshapen: readonly { readonly name: string; readonly expected: Shape; readonly found: Shape }[];
}

/** The part of a weight source that shapes are read from. */
export type TensorTable = Pick<WeightSource, "path" | "tensors">;

/**
 * Compares a checkpoint with what the architecture needs; reads no tensor.
 * @throws DifftapError WEIGHTS_MISMATCH that lists every missing, surplus and wrongly shaped tensor with both
 *   shapes; `details` is a WeightProblems; the hint says which flags the shapes contradict.
 */
export function checkWeights(architecture: Architecture, source: TensorTable): void {
  refuseMismatch(parameterShapes(architecture), source, () => describeDifferences(architecture, source));
}

/** @throws DifftapError WEIGHTS_MISMATCH unless the checkpoint holds exactly the tensors needed; `hint` is asked only then. */
export function refuseMismatch(
  needed: ReadonlyMap<string, Shape>,
  source: TensorTable,
  hint: () => string,
): void {
  const problems = weightProblems(needed, source);
  const { missing, surplus, misshapen } = problems;
  if (missing.length + surplus.length + misshapen.length === 0) return;
  const counts = `${missing.length} missing, ${surplus.length} surplus, ${misshapen.length} of another shape`;
  throw new DifftapError(
    "WEIGHTS_MISMATCH",
    [`${source.path} does not fit the architecture: ${counts}`, ...problemLines(problems)].join("\n"),
    { hint: hint(), details: { ...problems } },
  );
}

/** Everything that differs, in the order of the network, without throwing. */
function weightProblems(needed: ReadonlyMap<string, Shape>, { tensors: found }: TensorTable): WeightProblems {
  return {
    missing: [...needed].flatMap(([name, expected]) => (found.has(name) ? [] : [{ name, expected }])),
    surplus: [...found].flatMap(([name, info]) => (needed.has(name) ? [] : [{ name, found: info.shape }])),
    misshapen: [...needed].flatMap(([name, expected]) => {
      const shape = found.get(name)?.shape;
      return shape === undefined || sameShape(shape, expected) ? [] : [{ name, expected, found: shape }];
    }),
  };
}

/** [2, 3] as people write it. */
function shapeText(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, index) => side === b[index]);
}

function problemLines({ missing, surplus, misshapen }: WeightProblems): string[] {
  return [
    ...missing.map(({ name, expected }) => `  missing: ${name} ${shapeText(expected)}`),
    ...surplus.map(({ name, found }) => `  surplus: ${name} ${shapeText(found)}`),
    ...misshapen.map(
      ({ name, expected, found }) => `  shape: ${name} is ${shapeText(found)}, needs ${shapeText(expected)}`,
    ),
  ];
}
