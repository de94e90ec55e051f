/** What an engine that records whole steps relies on: one read per step, and nothing that changes as a scalar. */
import { selectEngine, tf } from "@difftap/engine";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { trainMany } from "../src/index.js";
import { fullRecipe, learnable, linearModel } from "./model.js";

const { source } = learnable(64);
const optimizers = [
  { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  { kind: "adam" },
  { kind: "adamw" },
  { kind: "lars", weightDecay: 0.01 },
] as const;

beforeEach(async () => {
  await selectEngine("cpu");
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Trains one model per optimiser and gives what was written and read between one step and the next. */
async function watched() {
  // Of the engine, not the backend: only what comes from the host and goes to it.
  const engine = tf.engine();
  const reads = vi.spyOn(engine, "read");
  const blockingReads = vi.spyOn(engine, "readSync");
  const writes = vi.spyOn(engine, "makeTensor");
  const steps: { reads: number; blocking: number; scalars: number[]; shapes: string[] }[] = [];
  const models = optimizers.map((optimizer) => ({
    name: optimizer.kind,
    model: linearModel(),
    recipe: { optimizer },
  }));
  for (const spy of [reads, blockingReads, writes]) spy.mockClear();
  const onProgress = () => {
    const written = writes.mock.calls.map(([values, shape]) => ({ values, shape }));
    steps.push({
      reads: reads.mock.calls.length,
      blocking: blockingReads.mock.calls.length,
      scalars: written
        .filter(({ shape }) => shape.length === 0)
        .map(({ values }) => Number(Array.from(values as ArrayLike<number>)[0])),
      shapes: written.map(({ shape }) => shape.join(",")),
    });
    for (const spy of [reads, blockingReads, writes]) spy.mockClear();
  };
  await trainMany({ models, source, recipe: { ...fullRecipe, duration: { steps: 12 } }, onProgress });
  return steps;
}

test("a step reads once, for all models together", async () => {
  const steps = await watched();
  expect(steps).toHaveLength(12);
  for (const { reads, blocking } of steps) expect([reads, blocking]).toEqual([1, 0]);
});

test("a step writes the same scalars as every other, and the same shapes", async () => {
  const [, second, ...others] = await watched();
  expect(second!.scalars.length).toBeGreaterThan(0);
  for (const { scalars, shapes } of others) {
    expect(scalars).toEqual(second!.scalars);
    expect(shapes).toEqual(second!.shapes);
  }
});
