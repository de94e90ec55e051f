/** The extractor: images in, features of every tap and timestep out, in order, at the pace of whoever takes them. */
import type { BackboneRuntime, TapSession } from "@difftap/backbone";
import { DifftapError, type LongWork, throwIfAborted } from "@difftap/core";
import { requestedArrays } from "./arrays.js";
import type { FeatureBatch, ImageBatch, ImageLoader, RowRange } from "./batches.js";
import { checkRequest } from "./check-request.js";
import { DrawMean, type Pass, passesOver, runPass } from "./passes.js";
import type { FeatureRequest } from "./request.js";
import { alignedRows } from "./rows.js";
import { closeSessions, openSessions, type SizedTaps, sizedTaps } from "./sizes.js";
import { together } from "./together.js";
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
 * A session given stays open; of a runtime given, the sessions made for this are closed at the end. A request for several sizes of
 * images has a session for each, in the order of `sizedTaps`.
 * @throws DifftapError REQUEST_INVALID when the network cannot answer; USAGE_INVALID for rows or batches that do not fit;
 * INTERRUPTED when the signal fires; whatever loader and session throw.
 */
export async function* extractFeatures(
  network: BackboneRuntime | TapSession | readonly TapSession[],
  loader: ImageLoader,
  request: FeatureRequest,
  options: ExtractOptions,
): AsyncGenerator<FeatureBatch> {
  checkRequest(request);
  const samples = request.dataset.count;
  checkBatch(options.batch);
  const rows = alignedRows(options.rows ?? [{ start: 0, count: samples }], options.batch, samples);
  throwIfAborted(options.signal);
  const runtime = "prepare" in network ? network : undefined;
  const given = "run" in network ? [network] : "prepare" in network ? [] : network;
  const sessions = runtime ? await prepare(runtime, request) : given;
  try {
    checkSessions(sessions, request);
    yield* extractRows(sessions, loader, request, rows, options);
  } finally {
    if (runtime) await closeSessions(sessions);
  }
}

async function* extractRows(
  sessions: readonly TapSession[],
  loader: ImageLoader,
  request: FeatureRequest,
  rows: Uint32Array,
  options: ExtractOptions,
): AsyncGenerator<FeatureBatch> {
  const { batch, signal } = options;
  const loaded = sizedTaps(request).map(({ size }) =>
    checked(loader(rows, { batch, size, signal }), size, rows.length, options),
  );
  const width = 2 * Math.max(1, ...sessions.map(({ concurrency }) => concurrency));
  const finished = inOrder(passesOver(together(loaded), request), width, async (pass) => ({
    pass,
    outputs: await runPass(sessions[pass.place]!, pass, request),
  }));
  const mean = new DrawMean();
  let done = 0;
  for await (const { pass, outputs } of finished) {
    throwIfAborted(signal);
    mean.add(pass, outputs, request);
    if (!pass.last) continue;
    yield featureBatch(rows[done]!, pass, mean.take(pass, request));
    done += pass.batch.about.count;
    options.onProgress?.({ task: "features", done, total: rows.length, unit: "images" });
  }
}

function featureBatch(start: number, { batch }: Pass, features: FeatureBatch["features"]): FeatureBatch {
  return { start, features, ...batch.about };
}

/** Batches as the loader gives them, refused when they are not what was asked for. */
async function* checked(
  loaded: AsyncIterable<ImageBatch>,
  { height, width }: SizedTaps["size"],
  total: number,
  { batch, signal }: ExtractOptions,
): AsyncGenerator<ImageBatch> {
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

async function prepare(runtime: BackboneRuntime, request: FeatureRequest): Promise<TapSession[]> {
  if (runtime.weightsDigest !== request.weights) {
    throw new DifftapError("REQUEST_INVALID", "the request is for other weights than the network has", {
      hint: `the request names ${request.weights}, the network has ${runtime.weightsDigest}`,
      details: { asked: request.weights, has: runtime.weightsDigest },
    });
  }
  return openSessions(runtime, sizedTaps(request));
}

function checkSessions(sessions: readonly TapSession[], request: FeatureRequest): void {
  const sizes = sizedTaps(request);
  if (sessions.length !== sizes.length) {
    throw new DifftapError(
      "USAGE_INVALID",
      `${sessions.length} sessions are given for images of ${sizes.length} sizes`,
      { hint: "prepare one for each of `sizedTaps`, in that order (`openSessions`)" },
    );
  }
  for (const [place, { taps }] of sizes.entries()) checkSession(sessions[place]!, taps, request);
}

function checkSession(session: TapSession, asked: TapSession["taps"], request: FeatureRequest): void {
  const inWords = (taps: TapSession["taps"]) => taps.map(({ block, pool }) => `b${block}/${pool}`).join(", ");
  if (inWords(session.taps) === inWords(asked)) return;
  throw new DifftapError(
    "USAGE_INVALID",
    `the session was prepared for ${inWords(session.taps)}, the request has ${inWords(asked)}`,
    {
      hint: "prepare a session with the request's taps, in its order",
      details: { arrays: requestedArrays(request).map(({ name }) => name) },
    },
  );
}
