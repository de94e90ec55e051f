/** Writes and reads a store of 64 MiB in chunks of 1 MiB; prints the most array memory held after a collection, in MiB. */
import { createFeatureStore, openFeatureStore } from "../dist/index.js";

const path = process.argv[2];
const [samples, chunkSamples, width] = [16384, 256, 1024];
const held = () => {
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
if ((await store.verify()).length > 0) throw new Error("faults");
watch();
process.stdout.write(String(most));
