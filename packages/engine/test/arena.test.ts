/** Whether onnxruntime's graphs keep their memory is passed on to the backend. */
import * as backend from "@difftap/tfjs-onnxruntime";
import { beforeEach, expect, test, vi } from "vitest";
import { selectEngine, tf } from "../src/index.js";

vi.mock("@difftap/tfjs-onnxruntime", async (original) => {
  const real = await original<typeof backend>();
  return { ...real, registerOnnxRuntimeBackend: vi.fn(real.registerOnnxRuntimeBackend) };
});

const registered = vi.mocked(backend.registerOnnxRuntimeBackend);
/** A folder whose project has no addon. */
const from = import.meta.dirname;
beforeEach(() => {
  registered.mockClear();
});

const gradient = () => {
  const slope = tf.grad((x) => tf.sum(tf.matMul(x as tf.Tensor2D, tf.ones([3, 2]))));
  return Array.from(slope(tf.ones([2, 3])).dataSync());
};

test.each(["onnxruntime", "auto"])(
  "%s without an arena is a backend of its own that computes alike",
  async (name) => {
    const { name: chosen, device } = await selectEngine(name, { from, arena: false });
    expect(chosen).toBe("onnxruntime");
    expect(device).toMatch(/memory given back$/);
    expect(registered).toHaveBeenCalledExactlyOnceWith({ name: "onnxruntime-without-arena", arena: false });
    expect(tf.getBackend()).toBe("onnxruntime-without-arena");
    expect(gradient()).toEqual(new Array(6).fill(2));
  },
);

test("with one it is the plain backend, also after the other was chosen", async () => {
  await selectEngine("onnxruntime", { arena: false });
  const { device } = await selectEngine("onnxruntime");
  expect(device).not.toMatch(/given back/);
  expect(registered).toHaveBeenLastCalledWith({ name: "onnxruntime", arena: true });
  expect(tf.getBackend()).toBe("onnxruntime");
  expect(gradient()).toEqual(new Array(6).fill(2));
});

test("providers and arena together", async () => {
  await selectEngine("onnxruntime:cpu", { arena: false });
  const options = { name: "onnxruntime-cpu-without-arena", arena: false, providers: ["cpu"] };
  expect(registered).toHaveBeenLastCalledWith(options);
});

test("engines that have no arena take no notice", async () => {
  expect(await selectEngine("cpu", { arena: false })).toMatchObject({ name: "cpu" });
  expect(registered).not.toHaveBeenCalled();
});
