/** One shard's process: arguments path, index, count, milliseconds per chunk. Content is a function of the row. */
import { setTimeout } from "node:timers/promises";
import { createFeatureStore, shardChunks } from "../dist/index.js";

const [path, index, count, pause] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const description = {
  request: { dataset: "rows", seed: 3 },
  requestHash: "5a4d",
  samples: 230,
  chunkSamples: 10,
  dtype: "float32",
  arrays: [
    { name: "t50/b09", sampleShape: [64] },
    { name: "t90/b09", sampleShape: [8, 2, 2] },
  ],
  attributes: {},
};

const writer = await createFeatureStore(path, description);
for (const chunk of await writer.pendingChunks(shardChunks(writer.chunkCount, { index, count }))) {
  const { start, count: rows } = writer.chunkRows(chunk);
  const numbers = Array.from({ length: rows }, (_, row) => start + row);
  const feature = ({ name, sampleShape }, salt) => {
    const length = sampleShape.reduce((product, side) => product * side, 1);
    const data = Float32Array.from({ length: rows * length }, (_, i) => start * salt + i / 7);
    return [name, { dtype: "float32", shape: [rows, ...sampleShape], data }];
  };
  await setTimeout(pause);
  await writer.writeChunk(chunk, {
    features: new Map(description.arrays.map((array, salt) => feature(array, salt + 1))),
    labels: Int32Array.from(numbers, (row) => row % 10),
    ids: numbers.map((row) => `row-${row}`),
    valid: new Uint8Array(rows).fill(1),
  });
  process.stdout.write(`${chunk}\n`);
}
process.stdout.write(`complete ${await writer.finish()}\n`);
