/** The backend's side of the runtime thread: asks, waits where it must, and keeps the process alive only while an answer is owed. */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { HostData } from "../graph/value.js";
import {
  counters,
  type ReadReply,
  type RunRequest,
  type RuntimeRequest,
  times,
  type Upload,
} from "./protocol.js";

/** Runs that may be under way before recording waits: what they read has to stay in memory. */
const RUNS_AHEAD = 3;
/** Milliseconds that a run under way gets when the process ends: ending its thread inside ONNX Runtime takes the process along. */
const PATIENCE = 20_000;

export interface ThreadOptions {
  readonly providers: readonly string[];
  readonly threads: number;
  readonly arena: boolean;
}

interface Waiting {
  readonly resolve: (data: HostData) => void;
  readonly reject: (error: Error) => void;
}

export interface ThreadStatistics {
  readonly runs: number;
  readonly runMilliseconds: number;
  readonly compilations: number;
  readonly compileMilliseconds: number;
  readonly sessions: number;
  /** Tensors that the runtime holds. */
  readonly tensors: number;
}

export class RuntimeThread {
  readonly #worker: Worker;
  readonly #port;
  readonly #counts = new Int32Array(new SharedArrayBuffer(4 * counters.length));
  readonly #times = new Float64Array(new SharedArrayBuffer(8 * times.length));
  readonly #waiting = new Map<number, Waiting>();
  #tickets = 0;
  #runs = 0;
  #failure: Error | undefined;
  readonly #onExit = () => this.#end();

  /** @param entry the module that the thread runs. */
  constructor(entry: URL, { providers, threads, arena }: ThreadOptions) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const shared = { counters: this.#counts.buffer, times: this.#times.buffer };
    const workerData = { providers, threads, arena, port: port2, ...shared };
    this.#worker = new Worker(entry, { workerData, transferList: [port2] });
    this.#worker.on("message", (reply: ReadReply) => this.#receive(reply));
    this.#worker.on("error", (error) =>
      this.#fail(new Error("the runtime thread of the onnxruntime backend broke", { cause: error })),
    );
    this.#worker.unref();
    this.#port.unref();
    process.once("exit", this.#onExit);
  }

  run(request: RunRequest): void {
    this.#runs += 1;
    this.#post(request, request.uploads);
    this.#waitUntil(counters.completed, this.#runs - RUNS_AHEAD);
  }

  /** Blocks until all runs are done. */
  settle(): void {
    this.#waitUntil(counters.completed, this.#runs);
  }

  release(released: readonly number[], dropped: readonly number[]): void {
    if (released.length + dropped.length > 0) this.#post({ kind: "release", released, dropped }, []);
  }

  /** The data of a value, once all that was asked before is done. */
  read(id: number): Promise<HostData> {
    const ticket = this.#ticket();
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#worker.ref();
      this.#post({ kind: "read", ticket, id, sync: false }, []);
    });
  }

  /** The same, blocking this thread. */
  readSync(id: number): HostData {
    const replies = Atomics.load(this.#counts, counters.replies);
    this.#post({ kind: "read", ticket: this.#ticket(), id, sync: true }, []);
    this.#waitUntil(counters.replies, replies + 1);
    return dataOf(receiveMessageOnPort(this.#port)!.message as ReadReply);
  }

  /** How many channels lie together in the layout that the runtime convolves fastest in; 1 where it has none. Blocks until it is known. */
  get channelBlock(): number {
    this.#waitUntil(counters.channelBlock, 1);
    return this.#counts[counters.channelBlock]!;
  }

  get statistics(): ThreadStatistics {
    return {
      runs: this.#counts[counters.completed]!,
      runMilliseconds: this.#times[times.running]!,
      compilations: this.#counts[counters.compilations]!,
      compileMilliseconds: this.#times[times.compiling]!,
      sessions: this.#counts[counters.sessions]!,
      tensors: this.#counts[counters.tensors]!,
    };
  }

  /** Ends the thread after the run under way in it. */
  close(): void {
    process.off("exit", this.#onExit);
    this.#worker.postMessage({ kind: "end" } satisfies RuntimeRequest);
    this.#port.close();
    this.#fail(new Error("the onnxruntime backend was disposed"));
  }

  #end(): void {
    this.#worker.postMessage({ kind: "end" } satisfies RuntimeRequest);
    Atomics.wait(this.#counts, counters.ended, 0, PATIENCE);
  }

  #post(request: RuntimeRequest, uploads: readonly Upload[]): void {
    if (this.#failure) throw this.#failure;
    this.#worker.postMessage(
      request,
      uploads.map(({ data }) => data.buffer as ArrayBuffer),
    );
  }

  /** Blocks until a shared counter, which only grows, has reached a number. */
  #waitUntil(counter: number, wanted: number): void {
    for (;;) {
      const now = Atomics.load(this.#counts, counter);
      if (now >= wanted) return;
      Atomics.wait(this.#counts, counter, now);
    }
  }

  #ticket(): number {
    this.#tickets += 1;
    return this.#tickets;
  }

  #receive(reply: ReadReply): void {
    const waiting = this.#waiting.get(reply.ticket);
    this.#waiting.delete(reply.ticket);
    if (this.#waiting.size === 0) this.#worker.unref();
    try {
      waiting?.resolve(dataOf(reply));
    } catch (error) {
      waiting?.reject(error as Error);
    }
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
  }
}

function dataOf(reply: ReadReply): HostData {
  if ("data" in reply) return reply.data;
  throw new Error(`ONNX Runtime could not compute this tensor: ${reply.error}`);
}
