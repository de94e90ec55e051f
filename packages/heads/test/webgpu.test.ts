/** Heads on ONNX Runtime's webgpu provider. Without a GPU it runs on a software Vulkan driver, such as the one Chromium brings. */
import { existsSync } from "node:fs";
import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { cases, fixturesMissing, openFixture } from "./fixtures.js";
import { compare } from "./reference-steps.js";

const software = [
  "/usr/lib/chromium/vk_swiftshader_icd.json",
  "/usr/lib/chromium-browser/vk_swiftshader_icd.json",
];
const driver = process.env.VK_DRIVER_FILES ?? software.find(existsSync);
const missing = fixturesMissing
  ? "no fixtures beside the repository"
  : driver
    ? undefined
    : "no software Vulkan driver found";
const note = missing ? ` (skipped: ${missing})` : "";

describe.skipIf(missing !== undefined)(`on onnxruntime:webgpu${note}`, () => {
  beforeAll(async () => {
    // Both names: older loaders know the second.
    process.env.VK_DRIVER_FILES = driver;
    process.env.VK_ICD_FILENAMES = driver;
    await start("onnxruntime:webgpu");
  });

  test.each(Object.entries(cases))("%s: two SGD steps and an evaluation agree to 1e-3", (name, given) => {
    tf.engine().startScope();
    const figures = compare(name, given, openFixture());
    tf.engine().endScope();
    const worst = Object.entries(figures).sort(([, a], [, b]) => b - a)[0]!;
    if (process.env.DIFFTAP_FIGURES) process.stdout.write(`webgpu ${name}: ${worst}\n`);
    for (const [what, figure] of Object.entries(figures)) expect(figure, what).toBeLessThan(1e-3);
  });
});
