/** The extractor: images in, features of every tap and timestep out, in order, at the pace of whoever takes them. */
import type { BackboneRuntime, TapSession } from "@difftap/backbone";
import { DifftapError, type LongWork, throwIfAborted } from "@difftap/core";
import { requestedArrays } from "./arrays.js";
import type { FeatureBatch, ImageBatch, ImageLoader, RowRange } from "./batches.js";
import { checkRequest } from "./check-request.js";
import { DrawMean, type Pass, passesOver, runPass } from "./passes.js";
import { type FeatureRequest, imageSizeOf } from "./request.js";
import { alignedRows } from "./rows.js";
import { inOrder } from "./window.js";

export interface ExtractOptions extends LongWork {
  /** Images per run of the session. Results are equal to the bit for one batch size, whatever else changes. */
  readonly batch: number;
  /** Rows to compute, in whole batches; all `dataset.count` of them when absent. */
  readonly rows?: readonly RowRange[] | undefined;
}

/**
 * Computes the features of a request. While a session works on `concurrency` passes, as many more are prepared, so that it never
 * waits; images, noise and results held at once are bounded by that, whatever the size of the data set.
 * A session given stays open; of a runtime given, the session made for this is closed at the end.
 * @throws DifftapError REQUEST_INVALID when the network cannot answer; USAGE_INVALID for rows or batches that do not fit;
 * INTERRUPTED when the signal fires; whatever loader and session throw.
 */
export async function* extractFeatures(
  network: BackboneRuntime | TapSession,
  loader: ImageLoader,
  request: FeatureRequest,
  options: ExtractOptions,
): AsyncGenerator<FeatureBatch> {
  checkRequest(request);
  const samples = request.dataset.count;
  checkBatch(options.batch);
  const rows = alignedRows(options.rows ?? [{ start: 0, count: samples }], options.batch, samples);
  throwIfAborted(options.signal);
  const session = "run" in network ? network : await prepare(network, request);
  try {
    checkSession(session, request);
    yield* extractRows(session, loader, request, rows, options);
  } finally {
    if (session !== network) await session.close();
  }
}

async function* extractRows(
  session: TapSession,
  loader: ImageLoader,
  request: FeatureRequest,
  rows: Uint32Array,
  options: ExtractOptions,
): AsyncGenerator<FeatureBatch> {
  const { batch, signal } = options;
  const loaded = checked(
    loader(rows, { batch, size: imageSizeOf(request), signal }),
    request,
    rows.length,
    options,
  );
  const width = 2 * Math.max(1, session.concurrency);
  const finished = inOrder(passesOver(loaded, request), width, async (pass) => ({
    pass,
    outputs: await runPass(session, pass, request),
  }));
  const mean = new DrawMean();
  let done = 0;
  for await (const { pass, outputs } of finished) {
    throwIfAborted(signal);
    mean.add(pass, outputs, request);
    if (!pass.last) continue;
    yield featureBatch(rows[done]!, pass, mean.take(pass, request));
    done += pass.images.count;
    options.onProgress?.({ task: "features", done, total: rows.length, unit: "images" });
  }
}

function featureBatch(start: number, { images }: Pass, features: FeatureBatch["features"]): FeatureBatch {
  const { count, labels, ids, valid, failures } = images;
  return { start, count, features, labels, ids, valid, failures };
}

/** Batches as the loader gives them, refused when they are not what was asked for. */
async function* checked(
  loaded: AsyncIterable<ImageBatch>,
  request: FeatureRequest,
  total: number,
  { batch, signal }: ExtractOptions,
): AsyncGenerator<ImageBatch> {
  const { height, width } = imageSizeOf(request);
  let seen = 0;
  for await (const images of loaded) {
    throwIfAborted(signal);
    const wanted = [batch, 3, height, width].join(" × ");
    const shape = images.images.shape.join(" × ");
    if (shape !== wanted) throw misloaded(`a batch of images is ${shape} instead of ${wanted}`);
    const expected = Math.min(batch, total - seen);
    const counts = [images.count, images.ids.length, images.labels.length, images.valid.length];
    if (counts.some((count) => count !== expected))
      throw misloaded(`a batch has ${counts[0]} images instead of ${expected}`);
    seen += images.count;
    yield images;
  }
  throwIfAborted(signal);
  if (seen !== total) throw misloaded(`the loader gave ${seen} images instead of ${total}`);
}

const misloaded = (message: string) =>
  new DifftapError("USAGE_INVALID", message, {
    hint: "the loader must give the rows it is asked for, in full batches",
  });

function checkBatch(batch: number): void {
  if (Number.isInteger(batch) && batch >= 1) return;
  throw new DifftapError("USAGE_INVALID", `batch is ${batch}; it must be a whole number above 0`);
}

async function prepare(runtime: BackboneRuntime, request: FeatureRequest): Promise<TapSession> {
  if (runtime.weightsDigest !== request.weights) {
    throw new DifftapError("REQUEST_INVALID", "the request is for other weights than the network has", {
      hint: `the request names ${request.weights}, the network has ${runtime.weightsDigest}`,
      details: { asked: request.weights, has: runtime.weightsDigest },
    });
  }
  return runtime.prepare(request.taps, { size: imageSizeOf(request) });
}

function checkSession(session: TapSession, request: FeatureRequest): void {
  const inWords = (taps: TapSession["taps"]) => taps.map(({ block, pool }) => `b${block}/${pool}`).join(", ");
  if (inWords(session.taps) === inWords(request.taps)) return;
  throw new DifftapError(
    "USAGE_INVALID",
    `the session was prepared for ${inWords(session.taps)}, the request has ${inWords(request.taps)}`,
    {
      hint: "prepare a session with the request's taps, in its order",
      details: { arrays: requestedArrays(request).map(({ name }) => name) },
    },
  );
}
