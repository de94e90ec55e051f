/** A process that pretrains, killed by SIGKILL, and run again. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pretrainingFiles } from "../src/checkpoints.js";
import { isBuilt, programIn } from "./program.js";

/** Runs until it ends, or is killed once it has printed so many steps. */
function run(argv: readonly string[], killedAfter = Number.POSITIVE_INFINITY) {
  const child = spawn(process.execPath, argv, {
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
  const { state, tensors } = (await pretrainingFiles.latest(join(folder, "checkpoints")))!;
  return { state, tensors, metrics: readFileSync(join(folder, "metrics.jsonl"), "utf8") };
}

test.skipIf(!isBuilt).each(["loss-second-moment", "uniform"])(
  `a pretraining with timesteps %s, killed twice, ends bit for bit as one that was not${isBuilt ? "" : " (skipped: not built)"}`,
  async (timesteps) => {
    const root = mkdtempSync(join(tmpdir(), "pretraining-kill-"));
    const program = programIn(root);
    const argv = (folder: string) => program(folder, 6, "onnxruntime", timesteps);
    const [whole, killed] = [join(root, "whole"), join(root, "killed")];
    expect(await run(argv(whole))).toBe(0);
    for (const after of [9, 7]) expect(await run(argv(killed), after)).toBe("SIGKILL");
    expect(await run(argv(killed))).toBe(0);
    const [expected, found] = [await stateOf(whole), await stateOf(killed)];
    expect(expected.state.step).toBe(30);
    expect(found).toEqual(expected);
    rmSync(root, { recursive: true });
  },
  120_000,
);
