/**
 * Kills a real extraction at random moments, runs the same command again until it is done, and compares the store,
 * byte for byte and times aside, with that of an uninterrupted run; then the same from two shards at once.
 *
 *   node tooling/crash/extraction.mjs --kills 3 -- --dataset 'webdataset:train.tar.gz' --count 20000 --blocks 9 --timesteps 50
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { commandLine, finished, start } from "./started.mjs";

const { kills, command } = commandLine(["--dataset", "scenes:count=20000,size=32,seed=1", "--blocks", "9"]);
const folder = mkdtempSync(join(tmpdir(), "difftap-crash-"));

const started = performance.now();
const whole = await finished(extract("whole"));
const wholeSeconds = (performance.now() - started) / 1000;
console.log(`uninterrupted: ${whole.samples} images in ${wholeSeconds.toFixed(1)} s`);

for (let kill = 0; kill < kills; kill++) {
  const run = extract("killed");
  const after = (0.15 + 0.5 * Math.random()) * wholeSeconds;
  await Promise.race([sleep(after * 1000), run.exit]);
  run.process.kill("SIGKILL");
  await run.exit;
  console.log(
    `killed after ${after.toFixed(1)} s: ${chunksIn("killed")} of ${chunksIn("whole")} chunks on disk`,
  );
}
const before = chunksIn("killed");
const resumed = await finished(extract("killed"));
const perChunk = Math.ceil(whole.samples / chunksIn("whole"));
console.log(
  `resumed: computed ${resumed.computed} images; ${before} chunks of about ${perChunk} had been there`,
);
compare("killed");

await Promise.all([
  finished(extract("sharded", "--shard", "0/2")),
  finished(extract("sharded", "--shard", "1/2")),
]);
compare("sharded");
rmSync(folder, { recursive: true });

function extract(store, ...extra) {
  return start("apps/eval", ["features", ...command, "--out", join(folder, store), "--json", ...extra]);
}

function files(store) {
  const root = join(folder, store);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return entries
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith("times"));
}

/** Chunks of labels: one per chunk of the store, written last or with the rest. */
function chunksIn(store) {
  return files(store).filter((path) => /^labels\/c\.?/.test(path)).length;
}

function compare(store) {
  const digest = (name) =>
    files(name)
      .sort()
      .map(
        (path) =>
          `${path} ${createHash("sha256")
            .update(readFileSync(join(folder, name, path)))
            .digest("hex")}`,
      )
      .join("\n");
  const same = digest(store) === digest("whole");
  console.log(
    `${store}: ${same ? "equal to the uninterrupted store, byte for byte" : "DIFFERS from the uninterrupted store"}`,
  );
  if (!same) process.exitCode = 1;
}
