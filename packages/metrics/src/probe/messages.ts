/** What the solver's worker and its owner say to each other. */
import type { ProblemSize } from "./graphs.js";
import type { Minimum } from "./lbfgs.js";

/** What the worker starts with; the buffers are handed over, not copied. */
export interface WorkerStart {
  /** Standardised, [rows, dimensions]. */
  readonly features: Float64Array;
  readonly labels: Int32Array;
  readonly size: ProblemSize;
  /** Threads of ONNX Runtime; its own choice when 0. */
  readonly threads: number;
}

export interface SolveRequest {
  readonly l2: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Weights, then bias; zeros when absent. */
  readonly start?: Float64Array;
}

export type WorkerReply =
  | { readonly kind: "iteration"; readonly iteration: number; readonly gradientNorm: number }
  | { readonly kind: "minimum"; readonly minimum: Minimum }
  | { readonly kind: "failure"; readonly message: string };

/** Asks the worker to end after the evaluation under way. */
export const CLOSE = "close";
