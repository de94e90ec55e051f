/** Logits and the gradient for the image against the reference, all four pools, on every engine. */
import { classifierPools, parseClassifier } from "@difftap/backbone";
import { describeEngines } from "@difftap/testing/engines";
import { describe, expect, test } from "vitest";
import { createTfjsClassifier } from "../src/index.js";
import { errorOverLargest, noteIfMissing, readJson, readTensors, tensorOf, values } from "./fixtures.js";

const TOLERANCE = 1e-4;
const note = noteIfMissing("classifier");

describe.skipIf(note !== "")(`fixtures classifier${note}`, () => {
  describeEngines("on", (engine) => {
    test.each(classifierPools)("%s: logits and gradient within 1e-4 of the largest value", async (pool) => {
      const { pools, ...flags } = readJson("classifier/architecture.json");
      expect(pools).toContain(pool);
      const architecture = parseClassifier({ ...flags, classifier_pool: pool });
      const expected = await readTensors("classifier/expected.safetensors");
      const classifier = await createTfjsClassifier({
        architecture,
        weights: await readTensors(`classifier/${pool}.pt`),
      });
      const [x, timesteps, labels] = ["x", "timesteps", "y"].map((key) =>
        tensorOf(expected.get(`${pool}.${key}`)!),
      );
      const logits = classifier.forward({ x: x!, timesteps: timesteps! });
      const gradient = classifier.logProbabilityGradient(x!, timesteps!, labels!);
      const errors = {
        logits: errorOverLargest(await logits.data(), values(expected.get(`${pool}.logits`)!)),
        gradient: errorOverLargest(await gradient.data(), values(expected.get(`${pool}.grad_log_prob`)!)),
      };
      if (process.env.DIFFTAP_FIGURES) process.stdout.write(`${engine} ${pool}: ${JSON.stringify(errors)}\n`);
      expect(gradient.shape).toEqual(x!.shape);
      expect(errors.logits).toBeLessThan(TOLERANCE);
      expect(errors.gradient).toBeLessThan(TOLERANCE);
      classifier.dispose();
    });
  });
});
