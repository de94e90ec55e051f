/**
 * What a runtime offers to whoever extracts features: a tap table and sessions that run a batch through the frozen
 * network. backbone-onnx implements it; nobody who uses it needs to know how.
 */
import type { NdArray } from "@difftap/core";
import type { Architecture } from "./architecture.js";
import type { BlockInfo } from "./blocks.js";
import type { TrainedFeedback } from "./feedback-module.js";

/** One output of a session. */
export interface TapRequest {
  /** 1-based number of the block whose whole output is read. */
  readonly block: number;
  /**
   * p pools the map to p×p (adaptive averages over PyTorch's windows; p larger than the map keeps the map) and
   * flattens it channel-major to [N, C·p·p]; "map" keeps [N, C, H, W].
   */
  readonly pool: number | "map";
  /** 2: as the block gives it in pass 2, in a session with feedback; otherwise in pass 1. */
  readonly pass?: 2;
}

/** Images with the noise they get; a session draws nothing itself. */
export interface BackboneBatch {
  /** [N, 3, H, W]; uint8 becomes x/127.5 − 1 inside the network, float32 is x_0 in [−1, 1] already. */
  readonly images: NdArray<"uint8"> | NdArray<"float32">;
  /** Standard normal noise of the images' shape; null when every timestep is "clean". */
  readonly noise: NdArray<"float32"> | null;
  /** Per sample: the index t of the diffusion process (0 … steps − 1), or "clean" for no noise and t = 0. */
  readonly timesteps: readonly (number | "clean")[];
  /** Class of each sample, for class-conditional networks only. */
  readonly labels?: Int32Array;
}

/** A prepared set of taps. */
export interface TapSession {
  readonly taps: readonly TapRequest[];
  /** How many `run` calls make progress at once. */
  readonly concurrency: number;
  /** One array per tap, in the order of the request. */
  run(batch: BackboneBatch): Promise<NdArray<"float32">[]>;
  close(): Promise<void>;
}

/** A frozen network with its weights. */
export interface BackboneRuntime {
  readonly name: string;
  readonly architecture: Architecture;
  readonly blocks: readonly BlockInfo[];
  /** sha256 of the weights, in hexadecimal. */
  readonly weightsDigest: string;
  /**
   * Images are architecture.imageSize squared unless another size is given. With feedback every run has two passes over the same
   * x_t; the second begins where the first addition is made.
   */
  prepare(
    taps: readonly TapRequest[],
    options?: {
      readonly size?: { readonly height: number; readonly width: number };
      readonly feedback?: TrainedFeedback;
    },
  ): Promise<TapSession>;
  close(): Promise<void>;
}
