/**
 * A frozen ADM network on ONNX Runtime, in worker threads.
 *
 * ```ts
 * import { openOnnxBackbone } from "@difftap/backbone-onnx";
 *
 * const backbone = await openOnnxBackbone({ architecture, weights: "256x256_diffusion_uncond.pt" });
 * const session = await backbone.prepare([{ block: 24, pool: 2 }]);
 * const [features] = await session.run({ images, noise, timesteps: images.map(() => 150) });
 * await backbone.close();
 * ```
 */
import { availableParallelism } from "node:os";
import {
  type Architecture,
  type BackboneRuntime,
  type BlockInfo,
  blockTable,
  checkImageSize,
  checkWeights,
  findBlock,
  type ImageSize,
  parameterCount,
  type TapRequest,
  type TrainedFeedback,
} from "@difftap/backbone";
import { openWeights, type WeightSource, weightsDigest } from "@difftap/checkpoint";
import { DifftapError } from "@difftap/core";
import type { EmitOptions } from "./emission/emit-unet.js";
import { contentDigest } from "./session/content-digest.js";
import { type OpenedGraph, openGraph } from "./session/open-graph.js";
import { createTapSession, type OnnxTapSession } from "./session/tap-session.js";
import { divideCores } from "./workers/divide-cores.js";
import { WorkerPool } from "./workers/worker-pool.js";

export interface OnnxBackboneOptions {
  readonly architecture: Architecture;
  /** A checkpoint's path, or opened weights (which stay the caller's to close). */
  readonly weights: string | WeightSource;
  /** The weights' digest where it is known already; computed from the file, or from every tensor, otherwise. */
  readonly weightsDigest?: string;
  /** Threads that each hold a session and its weights. */
  readonly workers?: number;
  /** Threads within a session. Results do not depend on it. */
  readonly threads?: number;
  readonly precision?: "float32";
  readonly executionProvider?: "cpu";
  /** Lets block number blocks + 1 stand for the network's own output. */
  readonly fullOutput?: boolean;
  /** See EmitOptions. */
  readonly replace?: EmitOptions["replace"];
}

export interface PrepareOptions {
  /** Of the images; the architecture's, squared, unless given. */
  readonly size?: ImageSize;
  /** The type of images to expect; the other type costs a second session at its first batch. uint8 unless given. */
  readonly images?: "uint8" | "float32";
  /** For taps of pass 2. */
  readonly feedback?: TrainedFeedback;
}

export interface OnnxBackbone extends BackboneRuntime {
  prepare(taps: readonly TapRequest[], options?: PrepareOptions): Promise<OnnxTapSession>;
}

/**
 * Opens a checkpoint for feature extraction. No weight is loaded before `prepare`.
 * @throws DifftapError FILE_MISSING, CHECKPOINT_REFUSED, WEIGHTS_MISMATCH (lists every tensor), USAGE_INVALID for
 *   worker or thread counts below 1.
 */
export async function openOnnxBackbone(options: OnnxBackboneOptions): Promise<OnnxBackbone> {
  const { architecture, weights } = options;
  const source = typeof weights === "string" ? await openWeights(weights) : weights;
  const closeSource = async () => {
    if (typeof weights === "string") await source.close();
  };
  try {
    checkWeights(architecture, source);
    const digest = options.weightsDigest ?? (await digestOf(weights));
    return createBackbone(options, source, digest, closeSource);
  } catch (error) {
    await closeSource();
    throw error;
  }
}

function digestOf(weights: string | WeightSource): Promise<string> {
  return typeof weights === "string" ? weightsDigest(weights) : contentDigest(weights);
}

function createBackbone(
  options: OnnxBackboneOptions,
  source: WeightSource,
  digest: string,
  closeSource: () => Promise<void>,
): OnnxBackbone {
  const { architecture } = options;
  const blocks = blockTable(architecture);
  const bytes = parameterCount(architecture) * Float32Array.BYTES_PER_ELEMENT;
  const { workers, threads } = divideCores(availableParallelism(), bytes, options);
  const pool = new WorkerPool(new URL("./session-worker.js", import.meta.url), workers);
  return {
    name: "onnxruntime",
    architecture,
    blocks,
    weightsDigest: digest,
    async prepare(taps, { size = squareSize(architecture), images = "uint8", feedback } = {}) {
      checkTaps(blocks, taps, options.fullOutput ?? false);
      checkImageSize(architecture, size);
      const { replace } = options;
      const emission = {
        architecture,
        taps,
        size,
        ...(replace && { replace }),
        ...(feedback && { feedback }),
      };
      const graphs = lazyGraphs((type) => openGraph(pool, source, threads, { ...emission, images: type }));
      await graphs.get(images);
      const close = () => closeGraphs(pool, graphs.opened());
      return createTapSession({ architecture, size, taps, pool, graph: graphs.get, close });
    },
    async close() {
      await pool.close();
      await closeSource();
    },
  };
}

function squareSize({ imageSize }: Architecture): ImageSize {
  return { height: imageSize, width: imageSize };
}

/** Opens each type's graph once, at its first use. */
function lazyGraphs(open: (images: "uint8" | "float32") => Promise<OpenedGraph>) {
  const graphs = new Map<string, Promise<OpenedGraph>>();
  return {
    get(images: "uint8" | "float32"): Promise<OpenedGraph> {
      const graph = graphs.get(images) ?? open(images);
      graphs.set(images, graph);
      return graph;
    },
    opened: () => [...graphs.values()],
  };
}

async function closeGraphs(pool: WorkerPool, graphs: readonly Promise<OpenedGraph>[]): Promise<void> {
  for (const graph of graphs) {
    const { session } = await graph;
    await pool.broadcast(() => ({ request: { kind: "close", session } }));
  }
}

function checkTaps(blocks: readonly BlockInfo[], taps: readonly TapRequest[], fullOutput: boolean): void {
  if (taps.length === 0) throw new DifftapError("REQUEST_INVALID", "no tap was asked for");
  const sized = taps.find((tap) => "size" in tap && tap.size !== undefined);
  if (sized) throw severalSizes(sized);
  for (const { block, pool } of taps) {
    if (!(fullOutput && block === blocks.length + 1)) findBlock(blocks, block);
    if (pool !== "map" && !(Number.isInteger(pool) && pool > 0)) {
      throw new DifftapError("REQUEST_INVALID", `pool ${pool} of block ${block} is no number of cells`, {
        hint: 'a whole number from 1, or "map"',
      });
    }
  }
}

/** Taps of a feature request may name a size of their own. */
function severalSizes(tap: TapRequest): DifftapError {
  return new DifftapError(
    "UNSUPPORTED",
    `the tap at block ${tap.block} names a size of images, and a graph reads images of one size`,
    {
      hint: "prepare a session for each size (`openSessions` of @difftap/taps), its taps without a size",
      details: { tap },
    },
  );
}
