import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ndarray } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { describe, expect, test } from "vitest";
import { memorySource, train } from "../src/index.js";
import { recipe } from "./model.js";

// By path, because the trainer does not depend on the heads it trains.
const built = new URL("../../heads/dist/index.js", import.meta.url);
const missing = !existsSync(fileURLToPath(built));

describe.skipIf(missing)(missing ? "heads (skipped: not built)" : "heads", () => {
  test("live on the engine that was selected here, and are trained by this package", async () => {
    const { createHead } = await import(built.href);
    await selectEngine("wasm");
    const tap = { name: "t90/b09", block: 9, timestep: 90, channels: 2, height: 4, width: 4 };
    const before = tf.memory().numTensors;
    const head = createHead({ head: "linear", spec: { pool: 2 }, taps: [tap], classes: 2, seed: 1 });
    expect(tf.memory().numTensors).toBe(before + 2);
    expect(head.variables.get("fcs.0.weight")).toBeInstanceOf(tf.Variable);

    const labels = Int32Array.from({ length: 64 }, (_, i) => i % 2);
    const values = Float32Array.from(
      { length: 64 * 32 },
      (_, i) => Math.sin(i * i) + 3 * labels[Math.floor(i / 32)]!,
    );
    const source = memorySource({ [tap.name]: ndarray("float32", [64, 2, 4, 4], values) }, labels);
    const long = { ...recipe, schedule: { kind: "constant" }, duration: { epochs: 40 } } as const;
    const { evaluation } = await train({ model: head, source, validation: source, recipe: long });
    expect(evaluation!.top1).toBeGreaterThan(0.9);
  });
});
