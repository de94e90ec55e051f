/**
 * Writes and reads a store of 64 MiB in chunks of 1 MiB, in order and by rows with a cache of 2 MiB; prints the most array memory held after
 * a collection, in MiB.
 */
import { createFeatureStore, openFeatureStore } from "../dist/index.js";

const path = process.argv[2];
const [samples, chunkSamples, width] = [16384, 256, 1024];
const held = () => {
  globalThis.gc();
  // What the first collection found to be garbage, the second has freed.
  globalThis.gc();
  return process.memoryUsage().arrayBuffers / 2 ** 20;
};
const before = held();
let most = 0;
const watch = () => {
  most = Math.max(most, held() - before);
};

const arrays = [{ name: "t50/b09", sampleShape: [width] }];
const writer = await createFeatureStore(path, {
  request: {},
  requestHash: "mem",
  samples,
  arrays,
  dtype: "float32",
  chunkSamples,
});
for (let chunk = 0; chunk < writer.chunkCount; chunk++) {
  await writer.writeChunk(chunk, {
    features: new Map([
      [
        "t50/b09",
        {
          dtype: "float32",
          shape: [chunkSamples, width],
          data: new Float32Array(chunkSamples * width).fill(chunk),
        },
      ],
    ]),
    labels: new Int32Array(chunkSamples),
    ids: Array.from({ length: chunkSamples }, (_, row) => `row-${chunk}-${row}`),
    valid: new Uint8Array(chunkSamples).fill(1),
  });
  watch();
}
await writer.finish();
const store = await openFeatureStore(path);
for await (const { start, data } of store.chunks("t50/b09")) {
  if (data.data[0] !== start / chunkSamples) throw new Error(`row ${start} holds ${data.data[0]}`);
  watch();
}
const rows = await store.rows(["t50/b09"], { cacheBytes: 2 * 2 ** 20 });
const order = rows.order({ seed: 1, stream: 2 });
for (let start = 0; start < samples; start += 64) {
  const indices = order.subarray(start, start + 64);
  const read = (await rows.read(indices))["t50/b09"];
  indices.forEach((index, row) => {
    if (read.data[row * width] !== Math.floor(index / chunkSamples)) throw new Error(`row ${index} is wrong`);
  });
  if (start % 1024 === 0) watch();
}
if ((await store.verify()).length > 0) throw new Error("faults");
watch();
process.stdout.write(String(most));
