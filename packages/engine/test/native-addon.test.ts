/** Loading an addon from a user's project: what is explained, what stays, and that it works on our core. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { explainAddon } from "../src/explain.js";
import { selectEngine, tf } from "../src/index.js";
import { projectWith, workingAddon } from "./fake-addon.js";

const packages = { tensorflow: "@tensorflow/tfjs-node", "tensorflow-gpu": "@tensorflow/tfjs-node-gpu" };

const warned = vi.fn();
beforeAll(async () => {
  vi.spyOn(console, "warn").mockImplementation(warned);
  await selectEngine("cpu");
});
afterAll(() => {
  vi.restoreAllMocks();
  expect(warned, "nothing is printed").not.toHaveBeenCalled();
});

const faults = [
  {
    fault: "the addon was not downloaded",
    source:
      'throw new Error("The Node.js native addon module (tfjs_binding.node) can not be found at path: /x. \\n")',
    reason: /without its native addon.*blocked/,
    hint: /npm rebuild/,
  },
  {
    fault: "a library is missing",
    source:
      'throw new Error("libtensorflow.so.2: cannot open shared object file: No such file or directory")',
    reason: /needs the library libtensorflow\.so\.2/,
    hint: /install what holds libtensorflow\.so\.2/,
  },
  { fault: "anything else", source: 'throw new Error("out of luck")', reason: /out of luck/, hint: /auto/ },
  {
    fault: "no backend comes of it",
    source: "",
    reason: /Backend name 'tensorflow' not found/,
    hint: /auto/,
  },
];

describe.each(Object.entries(packages))("%s", (engine, packageName) => {
  test.each(faults)("explains that $fault", async ({ source, reason, hint }) => {
    const from = projectWith(packageName, source);
    await expect(selectEngine(engine, { from })).rejects.toMatchObject({
      code: "ENGINE_MISSING",
      message: expect.stringMatching(reason),
      hint: expect.stringMatching(hint),
      cause: expect.objectContaining({ cause: expect.any(Error) }),
    });
    expect(tf.findBackendFactory("tensorflow")).toBeFalsy();
  });

  test("an addon that multiplies wrongly is withdrawn", async () => {
    const wrong = `${workingAddon(true)}
      tf.unregisterKernel("BatchMatMul", "tensorflow");
      const { kernelFunc } = tf.getKernel("ZerosLike", "cpu");
      tf.registerKernel({ kernelName: "BatchMatMul", backendName: "tensorflow",
        kernelFunc: ({ inputs, backend }) => kernelFunc({ inputs: { x: inputs.a }, backend }) });`;
    const from = projectWith(packageName, wrong);
    await expect(selectEngine(engine, { from })).rejects.toThrow(/multiplies wrongly/);
    expect(tf.findBackendFactory("tensorflow")).toBeFalsy();
    expect(tf.getKernel("BatchMatMul", "tensorflow")).toBeUndefined();
  });
});

test("a GPU package that sees no GPU is an error by name and passed over by auto", async () => {
  const from = projectWith(packages["tensorflow-gpu"], workingAddon(false));
  await expect(selectEngine("tensorflow-gpu", { from })).rejects.toMatchObject({
    message: "engine tensorflow-gpu does not start: @tensorflow/tfjs-node-gpu loads but sees no GPU",
    hint: expect.stringContaining("nvidia-smi"),
  });
  expect(tf.findBackendFactory("tensorflow")).toBeFalsy();
  const { name, failures } = await selectEngine("auto", { from });
  expect(name).toBe("onnxruntime");
  expect(failures[0]).toMatchObject({ name: "tensorflow-gpu", reason: expect.stringContaining("no GPU") });
});

test("one that works is taken by auto, on this core, and no other beside it", async () => {
  const from = projectWith(packages["tensorflow-gpu"], workingAddon(true));
  const choice = await selectEngine("auto", { from });
  expect(choice).toMatchObject({
    name: "tensorflow-gpu",
    version: "2.9.1",
    device: expect.stringMatching(/^GPU/),
    failures: [],
  });
  expect(tf.getBackend()).toBe("tensorflow");
  const addon = createRequire(join(from, "package.json"))(packages["tensorflow-gpu"]) as { Tensor: unknown };
  expect(addon.Tensor).toBe(tf.Tensor);
  expect(await selectEngine("tensorflow-gpu", { from })).toMatchObject({ version: "2.9.1" });

  const other = projectWith(packages.tensorflow, workingAddon(false));
  await expect(selectEngine("tensorflow", { from: other })).rejects.toThrow(/can run one TensorFlow/);
  expect(tf.getBackend()).toBe("tensorflow");
});

describe("a Node that is too new", () => {
  const place = { packageName: packages.tensorflow, from: "/project" };
  const cause = new TypeError("(0 , util_1.isNullOrUndefined) is not a function");

  test.each(["23.0.0", "24.11.1"])("is named: %s", (node) => {
    const error = explainAddon(cause, { ...place, node });
    expect(error.message).toContain(`functions that Node ${node} no longer has`);
    expect(error.hint).toBe("take Node 20 or 22, or the engine onnxruntime");
  });

  test.each(["20.20.2", "22.21.0"])("is not blamed on %s", (node) => {
    expect(explainAddon(cause, { ...place, node }).message).toBe(cause.message);
  });
});
