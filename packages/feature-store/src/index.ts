/**
 * A store of features: Zarr v3 in a folder, written chunk by chunk, resumed after a crash, verified on every read.
 *
 * ```ts
 * import { createFeatureStore, openFeatureStore } from "@difftap/feature-store";
 *
 * const writer = await createFeatureStore("features.zarr", {
 *   request: { dataset: "scenes" }, requestHash: "c0ffee", samples: 2, chunkSamples: 2, dtype: "float32",
 *   arrays: [{ name: "t50/b09", sampleShape: [4] }],
 * });
 * for (const chunk of await writer.pendingChunks()) await writer.writeChunk(chunk, await compute(writer.chunkRows(chunk)));
 * await writer.finish();
 *
 * const store = await openFeatureStore("features.zarr");
 * for await (const { start, data } of store.chunks("t50/b09")) use(start, data);
 * ```
 */
export { type ChunkSizeOptions, chooseChunkSamples } from "./chunk-size.js";
export { timesFile } from "./create.js";
export type { FeatureArray, StoreDescription, StoredDtype } from "./description.js";
export type { Difference } from "./differences.js";
export { type FeatureChunk, type FeatureStore, openFeatureStore } from "./reader.js";
export type { RowOptions, RowReader } from "./rows.js";
export { type Shard, shardChunks } from "./shards.js";
export { type ShuffleOptions, shuffleByChunk } from "./shuffle.js";
export type { ChunkFault } from "./verify.js";
export { type ChunkContent, createFeatureStore, type FeatureStoreWriter } from "./writer.js";
