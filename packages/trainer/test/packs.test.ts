/** Parameters that are joined move as they do one by one, in operations that do not grow with their number. */
import { elementCount } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { describeEngines } from "@difftap/testing/engines";
import { beforeAll, describe, expect, test } from "vitest";
import { createAverage, optimizerOf, optimizerSettings, readVariables, recordUpdate } from "../src/index.js";
import { packParameters } from "../src/packs.js";
import { assignVariables } from "../src/variables.js";

type Shapes = Readonly<Record<string, number[]>>;

/** A larger one between small ones of every rank. */
const shapes: Shapes = {
  first: [3, 3, 4, 5],
  scalar: [],
  large: [2 ** 8, 2 ** 8 + 1],
  bias: [7],
  last: [6, 2],
};

/** Numbers of both signs and many magnitudes. */
const valuesOf = (name: string, stream: number, size: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(i + stream) ** 3 / (name.length + (i % 97)));

function variablesOf(of: Shapes): Map<string, tf.Variable> {
  return new Map(
    Object.entries(of).map(([name, shape]) => [
      name,
      tf.tidy(() => tf.variable(tf.tensor(valuesOf(name, 1, elementCount(shape)), shape))),
    ]),
  );
}

const gradientsOf = (variables: ReadonlyMap<string, tf.Variable>, step: number) =>
  new Map(
    [...variables].map(([name, { size, shape }]) => [name, tf.tensor(valuesOf(name, step, size), shape)]),
  );

const ema = { decay: 0.9, warmUp: true };

/** Three steps, and what is then known of each parameter. */
async function trained(
  of: Shapes,
  optimizer: ReturnType<typeof optimizerSettings.parse>,
  rateShares?: ReadonlyMap<string, number>,
) {
  const variables = variablesOf(of);
  const updating = {
    optimizer: optimizerOf(optimizer, variables, rateShares),
    averages: [createAverage(variables, ema)],
    clipNorm: undefined,
  };
  for (const step of [1, 2, 3]) {
    tf.tidy(() => recordUpdate(updating, gradientsOf(variables, step), { rate: 0.1 / step, step }));
  }
  const [average] = updating.averages;
  const found = {
    weights: await readVariables(variables),
    state: await readVariables(updating.optimizer.state),
    average: await readVariables(average!.state),
  };
  updating.optimizer.dispose();
  average!.dispose();
  tf.dispose([...variables.values()]);
  return found;
}

/** The largest difference over the largest value. */
function worst(found: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / largest;
}

const kinds = [
  { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  { kind: "adam", weightDecay: 0.01 },
  { kind: "adamw" },
  { kind: "lars", weightDecay: 0.01 },
].map((settings) => optimizerSettings.parse(settings));

describe("packs", () => {
  beforeAll(async () => {
    await selectEngine("cpu");
  });

  const namesOf = (...given: Parameters<typeof packParameters>) =>
    packParameters(...given).map(({ rateShare, parameters }) => [rateShare, ...parameters.keys()]);

  test("hold parameters in their order up to their size; larger ones are alone", () => {
    const huge = [2 ** 10, 2 ** 10 + 1];
    const next = [2 ** 20 - 100];
    const variables = variablesOf({ first: [3, 3, 4, 5], scalar: [], huge, bias: [7], next, rest: [1] });
    expect(namesOf(variables)).toEqual([
      [1, "first", "scalar", "bias"],
      [1, "huge"],
      [1, "next", "rest"],
    ]);
    tf.dispose([...variables.values()]);
  });

  test("are of one share of the learning rate each, and of one parameter each where asked for", () => {
    const variables = variablesOf({ a: [2], b: [3], c: [4], d: [5] });
    const rateShares = new Map([
      ["b", 0.5],
      ["d", 0.5],
    ]);
    expect(namesOf(variables, { rateShares })).toEqual([
      [1, "a", "c"],
      [0.5, "b", "d"],
    ]);
    expect(namesOf(variables, { rateShares, apart: true })).toEqual([
      [1, "a"],
      [0.5, "b"],
      [1, "c"],
      [0.5, "d"],
    ]);
    tf.dispose([...variables.values()]);
  });
});

describeEngines("on", (engine) => {
  // Elsewhere the last elements of a vector may be computed by other instructions than those before.
  const tolerance = engine === "cpu" ? 0 : 2 ** -23;
  test.each(kinds)("$kind moves parameters together as it does one by one", async (kind) => {
    const rateShares = new Map([
      ["bias", 0.25],
      ["last", 0.25],
    ]);
    const together = await trained(shapes, kind, rateShares);
    expect(Object.keys(together.average)).toEqual(Object.keys(shapes));
    for (const [name, shape] of Object.entries(shapes)) {
      const alone = await trained({ [name]: shape }, kind, rateShares);
      for (const part of ["weights", "state", "average"] as const) {
        for (const [own, { data }] of Object.entries(alone[part])) {
          const found = together[part][own]!.data as Float32Array;
          expect(worst(found, data as Float32Array), `${part} ${own}`).toBeLessThanOrEqual(tolerance);
        }
      }
    }
  });

  test("state goes out and in again under the parameters' names and in their shapes", async () => {
    const variables = variablesOf(shapes);
    const optimizer = optimizerOf(kinds[2]!, variables);
    const given = Object.fromEntries(
      Object.entries(await readVariables(optimizer.state)).map(([name, { shape, data }]) => [
        name,
        { dtype: "float32" as const, shape, data: valuesOf(name, 9, data.length) },
      ]),
    );
    expect(given["mean.first"]!.shape).toEqual(shapes.first);
    assignVariables([{ own: optimizer.state, given }]);
    expect(await readVariables(optimizer.state)).toEqual(given);
    optimizer.dispose();
    tf.dispose([...variables.values()]);
  });
});

describe("the operations of an update", () => {
  beforeAll(async () => {
    await selectEngine("cpu");
  });

  /** Without those that only give a tensor another shape. */
  async function operations(count: number, optimizer: (typeof kinds)[number]): Promise<number> {
    const variables = variablesOf(
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`w${i}`, [64, 64]])),
    );
    const updating = {
      optimizer: optimizerOf(optimizer, variables),
      averages: [createAverage(variables, ema), createAverage(variables, { decay: 0.5, warmUp: false })],
      clipNorm: 1,
    };
    const gradients = gradientsOf(variables, 1);
    const { kernels } = await tf.profile(() =>
      tf.tidy(() => recordUpdate(updating, gradients, { rate: 0.1, step: 1 })!),
    );
    return kernels.filter(({ name }) => name !== "Reshape").length;
  }

  test.each(kinds.filter(({ kind }) => kind !== "lars"))("of $kind grow with packs", async (kind) => {
    const [few, many] = [await operations(4, kind), await operations(256, kind)];
    expect(many).toBe(few);
    // 256 · 4096 fill a pack; one more begins another.
    const next = await operations(257, kind);
    expect(next).toBeGreaterThan(few);
    expect(next).toBeLessThanOrEqual(2 * few);
  });
});
