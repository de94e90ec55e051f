/** Emits a graph, loads its weights and opens it in every worker of a pool. */
import type { TapRequest } from "@difftap/backbone";
import type { WeightSource } from "@difftap/checkpoint";
import { type EmitOptions, emitUnet, type TapOutput } from "../emission/emit-unet.js";
import type { WorkerPool } from "../workers/worker-pool.js";
import { loadWeights } from "./load-weights.js";

/**
 * The largest block output of all samples of a piece together: about a core's second-level cache, so that a layer
 * finds its input there. Larger pieces were slower, smaller ones too (each node costs some microseconds a run).
 */
const PIECE_MAP_BYTES = 2 << 20;

export interface OpenedGraph {
  /** Its number in the workers. */
  readonly session: number;
  readonly outputs: readonly TapOutput[];
  readonly sharedTimestep: boolean;
  /** Samples that run together. */
  readonly pieceSize: number;
}

let sessions = 0;

export async function openGraph(
  pool: WorkerPool,
  source: WeightSource,
  threads: number,
  options: EmitOptions & { readonly taps: readonly TapRequest[] },
): Promise<OpenedGraph> {
  const { model, layout, outputs, sharedTimestep, largestMapBytes } = emitUnet(options);
  const weights = await loadWeights(layout, source);
  sessions += 1;
  const session = sessions;
  await pool.broadcast((worker) => {
    // The last worker is given the buffer itself: no copy of the weights stays on this thread.
    const transfer = worker === pool.size - 1 ? [weights.buffer] : [];
    return { request: { kind: "open", session, model, weights, threads }, transfer };
  });
  const pieceSize = Math.max(1, Math.floor(PIECE_MAP_BYTES / largestMapBytes));
  return { session, outputs, sharedTimestep, pieceSize };
}
