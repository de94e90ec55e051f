/** How long work reports: it takes an AbortSignal, it calls back, it never prints. */
import { DifftapError } from "./errors.js";

export interface ProgressEvent {
  /** What is under way, in the words a person would use: "features", "probe b09 t50". */
  readonly task: string;
  readonly done: number;
  /** Absent when the end is not known. */
  readonly total?: number;
  /** What is counted: "images", "steps", "bytes". */
  readonly unit: string;
  /** A figure to show beside the count: "loss 0.42". */
  readonly detail?: string;
  /** Something worth a line of its own: a skipped image, a fallback. */
  readonly message?: string;
}

/** Options that every long-running function accepts. */
export interface LongWork {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

/** @throws DifftapError INTERRUPTED when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DifftapError("INTERRUPTED", "interrupted", { cause: signal.reason });
}
