/** Training on maps that are kept on disk: a store of random maps is written, and adapters learn on it, each in a process of its own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ndarray, normals, streams } from "../../../packages/core/dist/index.js";
import { chooseChunkSamples, createFeatureStore } from "../../../packages/feature-store/dist/index.js";

export const storedTap = {
  name: "t90/b09",
  block: 9,
  timestep: 90,
  channels: 256,
  height: 64,
  width: 64,
};

/** Writes the store, trains a segmenter and a detector on it, prints what each needed, and removes the store. */
export async function trainOnStoredMaps({ images, steps, batch }) {
  const folder = mkdtempSync(join(tmpdir(), "difftap-maps-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.once("SIGINT", () => process.exit(130));
  const path = join(folder, "maps");
  await writeMaps(path, images);
  const step = fileURLToPath(new URL("stored-maps-step.mjs", import.meta.url));
  for (const adapter of ["segmenter", "detector"]) {
    const options = JSON.stringify({ adapter, path, steps, batch });
    execFileSync(process.execPath, [step, options], { stdio: "inherit" });
  }
}

async function writeMaps(path, samples) {
  const started = performance.now();
  const { name, channels, height, width } = storedTap;
  const arrays = [{ name, sampleShape: [channels, height, width] }];
  const shape = { arrays, dtype: "float16", samples };
  const chunkSamples = chooseChunkSamples({ ...shape, batch: 4 });
  const request = { maps: "normal numbers" };
  const writer = await createFeatureStore(path, { request, requestHash: "0", ...shape, chunkSamples });
  const row = channels * height * width;
  // Twice as many as a chunk holds, and each chunk begins elsewhere: drawing them all would take longer than writing them.
  const drawn = normals({ seed: 1, stream: streams.noise }, 2 * chunkSamples * row);
  for (let chunk = 0; chunk < writer.chunkCount; chunk++) {
    const { start, count } = writer.chunkRows(chunk);
    const begin = (chunk * 65_537) % (chunkSamples * row);
    const values = drawn.subarray(begin, begin + count * row);
    await writer.writeChunk(chunk, {
      features: new Map([[name, ndarray("float32", [count, channels, height, width], values)]]),
      labels: new Int32Array(count).fill(-1),
      ids: Array.from({ length: count }, (_, index) => String(start + index)),
      valid: new Uint8Array(count).fill(1),
    });
  }
  await writer.finish();
  const [bytes, seconds] = [2 * samples * row, (performance.now() - started) / 1000];
  console.log(
    `${samples} maps of ${channels}×${height}×${width}, ${(bytes / 1e9).toFixed(1)} GB as float16, written in ${seconds.toFixed(0)} s`,
  );
}
