import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { learningRateAt, paperRecipe, parseRecipe, planTraining, type Recipe } from "../src/index.js";
import { schedules } from "../src/schedule-registry.js";
import { recipe } from "./model.js";

/** Learning rates of all steps over 100 samples in batches of 10: 10 steps an epoch. */
function ratesOf(changed: Partial<Recipe>): number[] {
  const changedRecipe = parseRecipe({ ...recipe, batch: 10, learningRate: 0.4, ...changed });
  const plan = planTraining(changedRecipe, 100);
  return Array.from({ length: plan.steps }, (_, step) => learningRateAt(changedRecipe, step, plan));
}

function expectClose(rates: readonly number[], expected: readonly number[]): void {
  expect(rates).toHaveLength(expected.length);
  expected.forEach((rate, i) => {
    expect(rates[i]).toBeCloseTo(rate, 12);
  });
}

test("every file of schedules/ is in the registry", () => {
  const files = readdirSync(new URL("../src/schedules", import.meta.url)).map((file) =>
    file.replace(".ts", ""),
  );
  expect(files.sort()).toEqual(schedules.map(({ settings }) => settings.shape.kind.value).sort());
});

test("the paper's learning rate falls tenfold every 7 epochs", () => {
  const complete = parseRecipe({ ...paperRecipe, batch: 10 });
  const plan = planTraining(complete, 100);
  const rates = [0, 69, 70, 139, 140, 210].map((step) => learningRateAt(complete, step, plan));
  expectClose(rates, [1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-5]);
});

test("constant", () => {
  expectClose(ratesOf({ schedule: { kind: "constant" }, duration: { steps: 4 } }), [0.4, 0.4, 0.4, 0.4]);
});

describe("step", () => {
  test.each([{ steps: 2 }, { examples: 20 }, { epochs: 0.2 }])("every %j", (every) => {
    const schedule = { kind: "step", every, factor: 0.5 } as const;
    expectClose(ratesOf({ schedule, duration: { steps: 5 } }), [0.4, 0.4, 0.2, 0.2, 0.1]);
  });

  test("counts warm-up", () => {
    const schedule = { kind: "step", every: { steps: 3 }, factor: 0.5 } as const;
    const rates = ratesOf({ schedule, duration: { steps: 5 }, warmUp: { steps: 2 } });
    expectClose(rates, [0.2, 0.4, 0.4, 0.2, 0.2]);
  });
});

describe("cosine", () => {
  test("halves in the middle", () => {
    const rates = ratesOf({ schedule: { kind: "cosine" }, duration: { steps: 4 } });
    expectClose(rates, [0.4, 0.2 * (1 + Math.SQRT1_2), 0.2, 0.2 * (1 - Math.SQRT1_2)]);
  });

  test("runs from the end of warm-up to its floor", () => {
    const schedule = { kind: "cosine", final: 0.5 } as const;
    const rates = ratesOf({ schedule, duration: { epochs: 0.8 }, warmUp: { examples: 40 } });
    expectClose(rates.slice(0, 4), [0.1, 0.2, 0.3, 0.4]);
    expectClose(rates.slice(4), [0.4, 0.2 + 0.1 * (1 + Math.SQRT1_2), 0.3, 0.2 + 0.1 * (1 - Math.SQRT1_2)]);
  });
});

describe("linear", () => {
  test("falls to its floor at the last step", () => {
    const schedule = { kind: "linear", final: 0.25 } as const;
    expectClose(ratesOf({ schedule, duration: { steps: 4 } }), [0.4, 0.3, 0.2, 0.1]);
    expectClose(ratesOf({ schedule: { kind: "linear" }, duration: { steps: 3 } }), [0.4, 0.2, 0]);
  });

  test("from the end of warm-up", () => {
    const rates = ratesOf({ schedule: { kind: "linear" }, duration: { steps: 5 }, warmUp: { steps: 2 } });
    expectClose(rates, [0.2, 0.4, 0.4, 0.2, 0]);
    expectClose(
      ratesOf({ schedule: { kind: "linear" }, duration: { steps: 2 }, warmUp: { steps: 1 } }),
      [0.4, 0.4],
    );
  });
});
