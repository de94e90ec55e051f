import { createRequire } from "node:module";
import * as imported from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { cpu } from "../src/engines/cpu.js";
import { type Engine, engineNames, selectEngine, tf } from "../src/index.js";

const broken: Engine = {
  name: "broken",
  device: "none",
  version: "0",
  strength: "none",
  start: async () => {
    throw new Error("library not found");
  },
};

describe("selectEngine", () => {
  const warned = vi.fn();
  beforeAll(() => {
    vi.spyOn(console, "warn").mockImplementation(warned);
  });
  afterAll(() => {
    vi.restoreAllMocks();
    expect(warned, "nothing is printed").not.toHaveBeenCalled();
  });

  test.each(engineNames)("%s starts, multiplies and differentiates", async (name) => {
    const choice = await selectEngine(name);
    expect(choice).toMatchObject({ name, version: "4.22.0", reason: "asked for by name", failures: [] });
    expect(tf.getBackend()).toBe(name);
    const gradient = tf.grad((x) => tf.sum(tf.matMul(x as tf.Tensor2D, tf.ones([3, 2]))));
    expect(Array.from(gradient(tf.ones([2, 3])).dataSync())).toEqual(new Array(6).fill(2));
  });

  test("auto takes the fastest and says why", async () => {
    const choice = await selectEngine();
    expect(choice.name).toBe("wasm");
    expect(choice.reason).toMatch(/fastest/);
    expect(choice.device).toMatch(/WebAssembly/);
  });

  test("auto passes over what does not start, and reports it", async () => {
    const choice = await selectEngine("auto", [broken, cpu]);
    expect(choice).toMatchObject({
      name: "cpu",
      failures: [{ name: "broken", reason: "library not found" }],
    });
  });

  test("a named engine that does not start is an error, not another engine", async () => {
    const error = await selectEngine("broken", [broken]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "ENGINE_MISSING",
      message: "engine broken does not start: library not found",
      cause: expect.any(Error),
    });
  });

  test("no engine at all", async () => {
    await expect(selectEngine("auto", [broken])).rejects.toMatchObject({
      code: "ENGINE_MISSING",
      message: "no engine starts (broken: library not found)",
    });
  });

  test("an unknown name lists the known ones", async () => {
    await expect(selectEngine("wams")).rejects.toMatchObject({
      code: "ENGINE_MISSING",
      hint: 'did you mean "wasm"? This version has auto, wasm, cpu',
    });
  });

  test("leaves the process's error events alone", async () => {
    await selectEngine("wasm");
    const sources = process.listeners("uncaughtException").map(String);
    expect(sources.filter((source) => source.includes("ExitStatus"))).toEqual([]);
  });
});

test("there is one TensorFlow.js, whichever way it is loaded", () => {
  const required = createRequire(import.meta.url)("@tensorflow/tfjs-core") as typeof imported;
  expect(tf.engine()).toBe(imported.engine());
  expect(tf.Tensor).toBe(required.Tensor);
  expect(tf.engine()).toBe(required.engine());
});
