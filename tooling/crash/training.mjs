/**
 * Kills a real training of heads at random moments, runs the same command again until it is done, and compares weights, optimiser and
 * averages, bit for bit, with those of an uninterrupted run.
 *
 *   node tooling/crash/training.mjs --kills 5 -- --train train.zarr --test test.zarr --head attention --epochs 10
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { commandLine, finished, start } from "./started.mjs";

const scenes = ["--train", "scenes:count=2000,size=32,seed=1", "--test", "scenes:count=500,size=32,seed=2"];
const { kills, command } = commandLine([...scenes, "--preset", "scenes-heads", "--epochs", "6"]);
const folder = mkdtempSync(join(tmpdir(), "difftap-crash-"));

const started = performance.now();
await finished(train("whole"));
const seconds = (performance.now() - started) / 1000;
console.log(`uninterrupted: ${seconds.toFixed(1)} s`);

for (let kill = 0; kill < kills; kill++) {
  const run = train("killed");
  const after = (0.1 + 0.6 * Math.random()) * seconds;
  const ended = await Promise.race([sleep(after * 1000).then(() => false), run.exit.then(() => true)]);
  if (ended) break;
  run.process.kill("SIGKILL");
  await run.exit;
  console.log(`killed after ${after.toFixed(1)} s: ${newest("killed") ?? "no checkpoint"}`);
}
await finished(train("killed"));
const same = digest("killed") === digest("whole");
console.log(
  `resumed: ${same ? "equal to the uninterrupted run, bit for bit" : "DIFFERS from the uninterrupted run"}`,
);
if (!same) process.exitCode = 1;
rmSync(folder, { recursive: true });

function train(run) {
  return start("apps/train", ["head", ...command, "--out", join(folder, run), "--json"]);
}

/** Name of the newest tensors of a run. */
function newest(run) {
  return tensorFiles(run).sort().at(-1);
}

function tensorFiles(run) {
  try {
    return readdirSync(join(folder, run, "checkpoints")).filter((name) => name.endsWith(".safetensors"));
  } catch {
    return [];
  }
}

function digest(run) {
  const files = tensorFiles(run).sort();
  if (files.length === 0) throw new Error(`${run} left no checkpoint`);
  return files
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(join(folder, run, "checkpoints", name)))
          .digest("hex")}`,
    )
    .join("\n");
}
