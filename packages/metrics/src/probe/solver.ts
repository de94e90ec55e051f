/** The owner's side of the solver's worker. */
import { Worker } from "node:worker_threads";
import { DifftapError } from "@difftap/core";
import type { Minimum } from "./lbfgs.js";
import { CLOSE, type SolveRequest, type WorkerReply, type WorkerStart } from "./messages.js";

export interface Solver {
  solve(request: SolveRequest, options?: SolveOptions): Promise<Minimum>;
  close(): Promise<void>;
}

interface SolveOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onIteration?: ((iteration: number, gradientNorm: number) => void) | undefined;
}

/** Starts a worker on a training set. The buffers of features and labels are handed over: do not use them afterwards. */
export function openSolver(start: WorkerStart): Solver {
  const worker = new Worker(new URL("./probe-worker.js", import.meta.url), {
    workerData: start,
    transferList: [start.features.buffer as ArrayBuffer, start.labels.buffer as ArrayBuffer],
  });
  const exited = new Promise((resolve) => worker.once("exit", resolve));
  return {
    solve: (request, options = {}) => ask(worker, request, options),
    async close() {
      // Not terminate(): a thread that is ended inside ONNX Runtime takes the process with it.
      worker.postMessage(CLOSE);
      await exited;
    },
  };
}

function ask(worker: Worker, request: SolveRequest, { signal, onIteration }: SolveOptions): Promise<Minimum> {
  return new Promise((resolve, reject) => {
    const listening = new AbortController();
    const settle = (finish: () => void) => {
      listening.abort();
      worker.off("message", onMessage).off("error", onError);
      finish();
    };
    const onMessage = (reply: WorkerReply) => {
      if (reply.kind === "iteration") return onIteration?.(reply.iteration, reply.gradientNorm);
      if (reply.kind === "minimum") return settle(() => resolve(reply.minimum));
      settle(() => reject(broken(reply.message)));
    };
    const onError = (error: unknown) => settle(() => reject(broken(String(error), error)));
    const stop = () => settle(() => reject(interrupted(signal)));
    if (signal?.aborted) return reject(interrupted(signal));
    signal?.addEventListener("abort", stop, { signal: listening.signal });
    worker.on("message", onMessage).on("error", onError);
    worker.postMessage(request);
  });
}

function broken(message: string, cause?: unknown): DifftapError {
  return new DifftapError("RUNTIME_FAILED", `the probe's worker failed: ${message}`, { cause });
}

function interrupted(signal: AbortSignal | undefined): DifftapError {
  return new DifftapError("INTERRUPTED", "interrupted while solving a probe", { cause: signal?.reason });
}
