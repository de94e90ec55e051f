import { createRequire } from "node:module";
import * as imported from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { cpu } from "../src/engines/cpu.js";
import { type Engine, engineNames, flushStep, selectEngine, surveyEngines, tf } from "../src/index.js";

/** A folder whose project has no addon. */
const withoutAddons = import.meta.dirname;

const broken: Engine = {
  name: "broken",
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

  test.each(["onnxruntime", "wasm", "cpu"])("%s starts, multiplies and differentiates", async (name) => {
    const choice = await selectEngine(name);
    expect(choice).toMatchObject({ name, reason: "asked for by name", failures: [] });
    expect(choice.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(choice.device).toMatch(/^CPU/);
    expect(tf.getBackend()).toBe(name);
    const gradient = tf.grad((x) => tf.sum(tf.matMul(x as tf.Tensor2D, tf.ones([3, 2]))));
    expect(Array.from(gradient(tf.ones([2, 3])).dataSync())).toEqual(new Array(6).fill(2));
  });

  test("auto takes the fastest and says why", async () => {
    const choice = await selectEngine("auto", { from: withoutAddons });
    expect(choice.name).toBe("onnxruntime");
    expect(choice.reason).toMatch(/fastest/);
    expect(choice.device).toMatch(/ONNX Runtime/);
    expect(choice.failures).toEqual([
      {
        name: "tensorflow-gpu",
        reason: `@tensorflow/tfjs-node-gpu is not installed in ${withoutAddons}`,
        remedy: "npm install @tensorflow/tfjs-node-gpu, on Node 20 or 22",
      },
      expect.objectContaining({ name: "tensorflow" }),
    ]);
  });

  test("auto passes over what does not start, and reports it", async () => {
    const choice = await selectEngine("auto", { candidates: [broken, cpu] });
    expect(choice).toMatchObject({
      name: "cpu",
      failures: [{ name: "broken", reason: "library not found", remedy: expect.stringContaining("auto") }],
    });
  });

  test("a named engine that does not start is an error, not another engine", async () => {
    const error = await selectEngine("broken", { candidates: [broken] }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "ENGINE_MISSING",
      message: "engine broken does not start: library not found",
      cause: expect.any(Error),
    });
  });

  test.each(["tensorflow", "tensorflow-gpu"])(
    "%s that is not installed is an error that says so",
    async (name) => {
      const before = tf.getBackend();
      await expect(selectEngine(name, { from: withoutAddons })).rejects.toMatchObject({
        code: "ENGINE_MISSING",
        message: expect.stringContaining(`is not installed in ${withoutAddons}`),
        hint: expect.stringContaining("npm install @tensorflow/tfjs-node"),
      });
      expect(tf.getBackend()).toBe(before);
    },
  );

  test("no engine at all", async () => {
    await expect(selectEngine("auto", { candidates: [broken] })).rejects.toMatchObject({
      code: "ENGINE_MISSING",
      message: "no engine starts (broken: library not found)",
    });
  });

  test("an unknown name lists the known ones", async () => {
    await expect(selectEngine("wams")).rejects.toMatchObject({
      code: "ENGINE_MISSING",
      hint: 'did you mean "wasm"? This version has auto, tensorflow-gpu, tensorflow, onnxruntime, wasm, cpu',
    });
  });

  test("the order of preference", () => {
    expect(engineNames).toEqual(["tensorflow-gpu", "tensorflow", "onnxruntime", "wasm", "cpu"]);
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

describe("flushStep", () => {
  test("asks the current backend to run what it has recorded", async () => {
    await selectEngine("cpu");
    const flush = vi.fn();
    Object.assign(tf.backend(), { flush });
    flushStep();
    expect(flush).toHaveBeenCalledOnce();
    Reflect.deleteProperty(tf.backend(), "flush");
  });

  test.each(["onnxruntime", "wasm"])("leaves what %s computes as it is", async (name) => {
    await selectEngine(name);
    const doubled = tf.mul(tf.tensor1d([1, 2]), 2);
    flushStep();
    expect(Array.from(await doubled.data())).toEqual([2, 4]);
  });
});

test("the survey names every engine, measures those that start, and leaves the current one", async () => {
  await selectEngine("wasm");
  const survey = await surveyEngines({ from: withoutAddons, candidates: [broken, cpu] });
  expect(survey).toEqual([
    { name: "broken", found: false, reason: "library not found", remedy: expect.any(String) },
    {
      name: "cpu",
      found: true,
      version: "4.22.0",
      device: expect.any(String),
      gigaflops: expect.any(Number),
    },
  ]);
  expect(survey[1]).toHaveProperty(
    "gigaflops",
    expect.toSatisfy((rate: number) => rate > 0.01 && rate < 1e5),
  );
  expect(tf.getBackend()).toBe("wasm");
});
