/** A prepared set of taps: batches in, features out, the work done in pieces by a pool of workers. */
import type { Architecture, BackboneBatch, ImageSize, TapRequest, TapSession } from "@difftap/backbone";
import { type NdArray, ndarray } from "@difftap/core";
import { type TapOutput, tapName } from "../emission/emit-unet.js";
import type { Outputs } from "../workers/protocol.js";
import type { WorkerPool } from "../workers/worker-pool.js";
import { cutBatch, type NoisedBatch, type Piece, sampleTimes } from "./batch-pieces.js";
import { checkBatch } from "./check-batch.js";
import type { OpenedGraph } from "./open-graph.js";

/** Beside what every session does: the network alone, without the diffusion process before it. */
export interface OnnxTapSession extends TapSession {
  /**
   * Feeds x_t and the network's own timesteps (rescaled, possibly fractional) as they are.
   * @throws DifftapError REQUEST_INVALID for shapes that do not fit.
   */
  runNetwork(input: {
    readonly x: NdArray<"float32">;
    readonly timesteps: readonly number[];
    readonly labels?: Int32Array | undefined;
  }): Promise<NdArray<"float32">[]>;
}

export interface TapSessionParts {
  readonly architecture: Architecture;
  readonly size: ImageSize;
  readonly taps: readonly TapRequest[];
  readonly pool: WorkerPool;
  /** The graph for a type of images, opened in the pool at its first use. */
  readonly graph: (images: "uint8" | "float32") => Promise<OpenedGraph>;
  readonly close: () => Promise<void>;
}

export function createTapSession(parts: TapSessionParts): OnnxTapSession {
  const { architecture, size, taps, pool } = parts;
  return {
    taps,
    // One more than can run, so that a worker that is done finds the next batch waiting.
    concurrency: pool.size + 1,
    async run(batch) {
      checkBatch(architecture, size, batch);
      return runPieces(parts, { ...batch, times: sampleTimes(architecture, batch.timesteps) });
    },
    async runNetwork({ x, timesteps, labels }) {
      const clean: BackboneBatch["timesteps"] = timesteps.map(() => "clean");
      checkBatch(architecture, size, { images: x, noise: null, timesteps: clean, ...(labels && { labels }) });
      const times = timesteps.map((networkTimestep) => ({ signal: 1, sigma: 0, networkTimestep }));
      return runPieces(parts, { images: x, noise: null, times, labels });
    },
    close: parts.close,
  };
}

async function runPieces(parts: TapSessionParts, batch: NoisedBatch): Promise<NdArray<"float32">[]> {
  const graph = await parts.graph(batch.images.dtype);
  const results = new Map(
    graph.outputs.map((output) => [output.name, emptyResult(output, batch.times.length)]),
  );
  const pieces = cutBatch(batch, graph.pieceSize, graph.sharedTimestep);
  await Promise.all(
    pieces.map(async (piece) => placeRows(results, piece, await runPiece(parts.pool, graph.session, piece))),
  );
  return parts.taps.map((tap) => results.get(tapName(tap))!);
}

function runPiece(pool: WorkerPool, session: number, { feeds }: Piece): Promise<Outputs> {
  const transfer = Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer);
  return pool.run({ kind: "run", session, feeds }, transfer);
}

function emptyResult({ shape }: TapOutput, samples: number): NdArray<"float32"> {
  return ndarray("float32", [samples, ...shape]);
}

function placeRows(
  results: ReadonlyMap<string, NdArray<"float32">>,
  { rows }: Piece,
  outputs: Outputs,
): void {
  for (const [name, { data }] of results) {
    const output = outputs[name]!;
    const length = output.length / rows.length;
    rows.forEach((row, index) => {
      data.set(output.subarray(index * length, (index + 1) * length), row * length);
    });
  }
}
