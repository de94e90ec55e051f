/**
 * The engines that tests run on. Some of the packages tested need none of them, so that none is depended on here: what the workspace
 * built of @difftap/engine is taken as it lies.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe } from "vitest";

/** One word each; every test of parity and contract runs on all of them. */
const engines = ["wasm", "cpu", "onnxruntime", "tensorflow"] as const;

type SelectEngine = (name: string, options: { readonly from: string }) => Promise<unknown>;

const built = new URL("../../packages/engine/dist/index.js", import.meta.url).href;

/** Where tooling/tensorflow/setup.sh has put the native addon. */
const addonFolder = process.env.DIFFTAP_TENSORFLOW ?? resolve(import.meta.dirname, "../../.cache/tfjs-node");
const addon = resolve(addonFolder, "node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node");

/** Starts an engine, with the gradients that TensorFlow.js's Node entry lacks. */
export async function start(engine: string): Promise<void> {
  const { selectEngine } = (await import(/* @vite-ignore */ built)) as { selectEngine: SelectEngine };
  await selectEngine(engine, { from: addonFolder });
}

/** The same tests on every engine, started before them; one that is not there is skipped, and its name says so. */
export function describeEngines(about: string, tests: (engine: string) => void): void {
  for (const engine of engines) {
    const missing = engine === "tensorflow" && !existsSync(addon);
    const note = missing ? " (skipped: sh tooling/tensorflow/setup.sh has not built it)" : "";
    describe.skipIf(missing)(`${about} ${engine}${note}`, () => {
      beforeAll(() => start(engine));
      tests(engine);
    });
  }
}
