/** The engines that tests of training run on. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { selectEngine } from "@difftap/engine";
import { describe } from "vitest";

/** Where tooling/tensorflow/setup.sh has put the native addon. */
const folder = process.env.DIFFTAP_TENSORFLOW ?? resolve(import.meta.dirname, "../../../.cache/tfjs-node");
const addon = resolve(folder, "node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node");

const notes: Readonly<Record<string, string>> = {
  onnxruntime: "",
  wasm: "",
  cpu: "",
  tensorflow: existsSync(addon) ? "" : " (skipped: sh tooling/tensorflow/setup.sh has not built it)",
};

export async function start(engine: string): Promise<void> {
  await selectEngine(engine, { from: folder });
}

/** The same tests on every engine; one that is not there is skipped, and its name says so. */
export function describeEngines(about: string, tests: (engine: string) => void): void {
  for (const [engine, note] of Object.entries(notes)) {
    describe.skipIf(note !== "")(`${about} ${engine}${note}`, () => tests(engine));
  }
}
