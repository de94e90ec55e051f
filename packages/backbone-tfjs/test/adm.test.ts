/** Every block and the output against tensors that the reference computed, on every engine. */
import { parseArchitecture } from "@difftap/backbone";
import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { createTfjsUnet } from "../src/index.js";
import { noteIfMissing, readJson, readTensors, relativeError, tensorOf, values } from "./fixtures.js";

const TOLERANCE = 1e-4;
const cases = ["small", "published-like", "class-conditional", "half-multiplier"];
const note = noteIfMissing("adm");

async function errorsOf(name: string): Promise<[string, number][]> {
  const architecture = parseArchitecture(readJson(`adm/${name}/architecture.json`));
  const expected = await readTensors(`adm/${name}/expected.safetensors`);
  const unet = await createTfjsUnet({ architecture, weights: await readTensors(`adm/${name}/model.pt`) });
  const found = new Map<string, tf.Tensor>();
  const labels = expected.get("y");
  const output = unet.forward(
    {
      x: tensorOf(expected.get("x")!),
      timesteps: tensorOf(expected.get("timesteps")!),
      labels: labels && tensorOf(labels),
    },
    { visit: ({ number }, value) => void found.set(`block.${String(number).padStart(2, "0")}`, value) },
  );
  found.set("out", output!);
  expect([...found.keys()]).toEqual([...expected.keys()].filter((key) => /^(block|out)/.test(key)).sort());
  const errors: [string, number][] = [];
  for (const [key, value] of found) {
    expect(value.shape).toEqual(expected.get(key)!.shape);
    errors.push([key, relativeError(await value.data(), values(expected.get(key)!))]);
  }
  unet.dispose();
  return errors;
}

describe.skipIf(note !== "")(`fixtures adm${note}`, () => {
  describeEngines("on", (engine) => {
    test.each(cases)("%s: every block and the output within 1e-4 standard deviations", async (name) => {
      tf.engine().startScope();
      const errors = await errorsOf(name);
      tf.engine().endScope();
      const worst = errors.reduce((a, b) => (b[1] > a[1] ? b : a));
      if (process.env.DIFFTAP_FIGURES) process.stdout.write(`${engine} ${name}: ${worst}\n`);
      expect(errors.filter(([, error]) => !(error <= TOLERANCE))).toEqual([]);
    });
  });
});
