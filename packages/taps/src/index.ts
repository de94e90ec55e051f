/**
 * Which block, which timestep, which pooling: requests as data, plans, noise by address, and the extractor.
 *
 * ```ts
 * import { assembleChunks, extractFeatures, parseRequest, planExtraction, requestHash } from "@difftap/taps";
 *
 * const request = parseRequest({
 *   taps: [{ block: 9, pool: 1 }], timesteps: [50, "clean"], draws: 1, seed: 1, size: 32,
 *   weights: runtime.weightsDigest, architecture: runtime.architecture, dataset: { name: "scenes", count: dataset.length },
 * });
 * console.log(requestHash(request), planExtraction(request));
 * const loader = (rows, options) => loadImages(dataset, { indices: rows, onCorrupt: "skip", ...options });
 * const batches = extractFeatures(runtime, loader, request, { batch: 32 });
 * for await (const chunk of assembleChunks(batches, { chunkSamples: 256, samples: dataset.length })) await store.writeChunk(chunk.chunk, chunk);
 * ```
 */
export { arrayName, type RequestedArray, requestedArrays, sampleShape } from "./arrays.js";
export { type AssembledChunk, assembleChunks, type ChunkGrid } from "./assemble-chunks.js";
export type { FeatureBatch, ImageBatch, ImageFailure, ImageLoader, RowRange } from "./batches.js";
export { checkRequest } from "./check-request.js";
export { type ExtractOptions, extractFeatures } from "./extract.js";
export { type NoiseAddress, sampleNoise } from "./noise.js";
export { type ExtractionPlan, planExtraction } from "./plan.js";
export {
  type FeatureRequest,
  type ImageSides,
  imageSizeOf,
  parseRequest,
  requestHash,
  type Tap,
  type Timestep,
} from "./request.js";
export { rowsOfChunks } from "./rows.js";
export { closeSessions, noiseId, openSessions, type SizedTaps, sizedTaps } from "./sizes.js";
