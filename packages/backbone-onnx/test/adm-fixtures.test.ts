import type { NdArray } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { openOnnxBackbone } from "../dist/index.js";
import {
  fixture,
  fixturesMissing,
  largestDifference,
  readArchitecture,
  readTensors,
  standardDeviation,
} from "./fixtures.js";

const TOLERANCE = 1e-4;
const cases = ["small", "published-like", "class-conditional", "half-multiplier"];

describe.skipIf(fixturesMissing)("parity with guided-diffusion (skipped without ../shared/fixtures)", () => {
  test.each(cases)("%s: every block and the output", async (name) => {
    const folder = fixture("adm", name);
    const architecture = readArchitecture(folder);
    const expected = await readTensors(`${folder}/expected.safetensors`);
    const x = expected.get("x") as NdArray<"float32">;
    const labels = expected.get("y");
    const backbone = await openOnnxBackbone({
      architecture,
      weights: `${folder}/model.pt`,
      fullOutput: true,
    });
    const numbers = Array.from({ length: backbone.blocks.length + 1 }, (_, index) => index + 1);
    const taps = numbers.map((block) => ({ block, pool: "map" as const }));
    const [, , height, width] = x.shape as [number, number, number, number];
    const session = await backbone.prepare(taps, { size: { height, width }, images: "float32" });
    const results = await session.runNetwork({
      x,
      timesteps: Array.from(expected.get("timesteps")!.data, Number),
      ...(labels && { labels: Int32Array.from(labels.data, Number) }),
    });
    const errors = results.map(({ data, shape }, index) => {
      const key = index === backbone.blocks.length ? "out" : `block.${String(index + 1).padStart(2, "0")}`;
      const want = expected.get(key) as NdArray<"float32">;
      expect(shape).toEqual(want.shape);
      return largestDifference(data, want.data) / standardDeviation(want.data);
    });
    await backbone.close();
    expect(errors.length).toBe(backbone.blocks.length + 1);
    expect(Math.max(...errors)).toBeLessThan(TOLERANCE);
  });
});
