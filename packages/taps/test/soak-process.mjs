/** 1,000 batches through the extractor; prints array memory after every 100, in MiB, each after a collection. */
import { setTimeout } from "node:timers/promises";
import { blockTable, parseArchitecture } from "@difftap/backbone";
import { assembleChunks, extractFeatures, parseRequest } from "../dist/index.js";

const architecture = parseArchitecture({
  flags: {
    image_size: 32,
    num_channels: 32,
    num_res_blocks: 1,
    channel_mult: "1,2",
    attention_resolutions: "16",
    num_heads: 1,
  },
});
const [batch, batches, chunkSamples, size] = [8, 1000, 80, 32];
const request = parseRequest({
  taps: [{ block: 4, pool: "map" }],
  timesteps: [50],
  seed: 1,
  size,
  weights: "0".repeat(64),
  architecture,
  dataset: { name: "grey", count: batch * batches },
});
const shape = [batch, blockTable(architecture)[3].channels, 16, 16];
const session = {
  taps: request.taps,
  concurrency: 2,
  run: async () => {
    await new Promise(setImmediate);
    return [
      { dtype: "float32", shape, data: new Float32Array(shape.reduce((product, side) => product * side, 1)) },
    ];
  },
  close: async () => undefined,
};
async function* grey(rows) {
  for (let start = 0; start < rows.length; start += batch) {
    yield {
      images: {
        dtype: "uint8",
        shape: [batch, 3, size, size],
        data: new Uint8Array(batch * 3 * size * size),
      },
      count: batch,
      ids: Array.from(rows.slice(start, start + batch), String),
      labels: new Int32Array(batch),
      valid: new Uint8Array(batch).fill(1),
      failures: [],
    };
  }
}
const held = async () => {
  // Memory of arrays is given back by another thread, after the collection.
  globalThis.gc();
  await setTimeout(20);
  globalThis.gc();
  return process.memoryUsage().arrayBuffers / 2 ** 20;
};
const seen = [];
const grid = { chunkSamples, samples: request.dataset.count };
for await (const { chunk } of assembleChunks(extractFeatures(session, grey, request, { batch }), grid)) {
  if (chunk % 10 === 9) seen.push(await held());
}
process.stdout.write(JSON.stringify(seen));
