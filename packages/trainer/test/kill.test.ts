/** A process that trains, killed in the middle of epochs by SIGKILL. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { latestCheckpoint } from "../src/index.js";

const home = join(import.meta.dirname, "..");
const built = join(home, "dist", "index.js");
const missing = !existsSync(built);

/** Prints a line per step. The model is larger than the tests' other one, so that a checkpoint takes a while. */
const program = `
import { ndarray, normals } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { memorySource, train } from ${JSON.stringify(pathToFileURL(built).href)};
await selectEngine("wasm");
const [n, dimensions, classes] = [300, 256, 10];
const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
const x = ndarray("float32", [n, dimensions], normals({ seed: 1, stream: 1 }, n * dimensions));
const weight = tf.variable(tf.tensor2d(normals({ seed: 2, stream: 4 }, dimensions * classes), [dimensions, classes]));
const model = {
  variables: new Map([["weight", weight]]),
  buffers: new Map(),
  description: { head: "linear" },
  forward: (features) => tf.matMul(features.x, weight),
};
const source = memorySource({ x }, labels);
const recipe = {
  optimizer: { kind: "adamw" }, learningRate: 1e-2, schedule: { kind: "cosine" }, warmUp: { epochs: 1 }, mixup: 0.3,
  ema: { decay: 0.9 }, duration: { epochs: 8 }, batch: 16, seed: 1,
};
await train({
  model, source, validation: source, recipe, folder: process.argv[1], checkpointEvery: { steps: 5 },
  onProgress: ({ task, done }) => task === "training" && process.stdout.write(done + "\\n"),
});`;

/** Runs until it ends, or is killed once it has printed so many steps. */
function run(
  folder: string,
  killedAfter = Number.POSITIVE_INFINITY,
): Promise<NodeJS.Signals | number | null> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, folder], {
    cwd: home,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let steps = 0;
  child.stdout.on("data", (text: Buffer) => {
    steps += text.toString().split("\n").length - 1;
    if (steps >= killedAfter) child.kill("SIGKILL");
  });
  return new Promise((resolve) => {
    child.on("close", (code, signal) => resolve(signal ?? code));
  });
}

async function stateOf(folder: string) {
  const { path: _, written, ...checkpoint } = (await latestCheckpoint(join(folder, "checkpoints")))!;
  return { checkpoint, written, metrics: readFileSync(join(folder, "metrics.jsonl"), "utf8") };
}

test.skipIf(missing)(
  `a training killed three times ends as one that was not${missing ? " (skipped: not built)" : ""}`,
  async () => {
    const root = mkdtempSync(join(tmpdir(), "trainer-kill-"));
    const [whole, killed] = [join(root, "whole"), join(root, "killed")];
    expect(await run(whole)).toBe(0);
    for (const after of [13, 31, 7]) expect(await run(killed, after)).toBe("SIGKILL");
    expect(await run(killed)).toBe(0);
    expect(await stateOf(killed)).toEqual(await stateOf(whole));
    rmSync(root, { recursive: true });
  },
);
