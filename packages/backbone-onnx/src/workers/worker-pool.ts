/** Threads that hold the same sessions and share the runs. What goes wrong in one ends all: no run is left waiting. */
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { type TransferListItem, Worker } from "node:worker_threads";
import { DifftapError } from "@difftap/core";
import { END, type Outputs, type WorkerReply, type WorkerRequest } from "./protocol.js";

interface Pending {
  readonly resolve: (outputs: Outputs) => void;
  readonly reject: (error: DifftapError) => void;
  readonly request: WorkerRequest;
}

interface Job extends Pending {
  readonly transfer: readonly TransferListItem[];
}

interface Member {
  readonly worker: Worker;
  readonly exited: Promise<unknown>;
  readonly pending: Map<number, Pending>;
  running: boolean;
}

/** Milliseconds that a thread gets to end by itself. */
const PATIENCE = 20_000;

/** A thread that is ended from outside while ONNX Runtime works in it takes the whole process with it. */
async function endGently({ worker, exited }: Member): Promise<void> {
  worker.ref();
  worker.postMessage(END);
  const given = new AbortController();
  await Promise.race([
    exited,
    setTimeout(PATIENCE, undefined, { signal: given.signal }).catch(() => undefined),
  ]);
  given.abort();
  await worker.terminate();
}

export class WorkerPool {
  readonly #members: Member[];
  readonly #queue: Job[] = [];
  #serial = 0;
  #failure: DifftapError | undefined;

  /** @param entry the module that each thread runs. */
  constructor(entry: URL, count: number) {
    this.#members = Array.from({ length: count }, () => this.#start(entry));
  }

  get size(): number {
    return this.#members.length;
  }

  /** Sends a request to every worker; the buffers that a request is made with may be transferred. */
  async broadcast(
    request: (worker: number) => { request: WorkerRequest; transfer?: readonly TransferListItem[] },
  ): Promise<void> {
    await Promise.all(
      this.#members.map((member, index) => {
        const { request: message, transfer = [] } = request(index);
        return this.#promise((resolve, reject) => {
          this.#post(member, { resolve, reject, request: message, transfer });
        });
      }),
    );
  }

  /**
   * Runs on the first worker that is free.
   * @throws DifftapError RUNTIME_FAILED when the runtime refuses, or the worker is gone.
   */
  run(request: WorkerRequest & { kind: "run" }, transfer: readonly TransferListItem[]): Promise<Outputs> {
    return this.#promise((resolve, reject) => {
      this.#queue.push({ resolve, reject, request, transfer });
      this.#dispatch();
    });
  }

  /** Ends the threads, each after the run under way in it. Runs are rejected at once. */
  async close(): Promise<void> {
    this.#fail(new DifftapError("RUNTIME_FAILED", "the runtime was closed", { hint: "open it again" }));
    await Promise.all(this.#members.map(endGently));
  }

  #promise(start: (resolve: Pending["resolve"], reject: Pending["reject"]) => void): Promise<Outputs> {
    return new Promise((resolve, reject) => {
      if (this.#failure === undefined) start(resolve, reject);
      else reject(this.#failure);
    });
  }

  #start(entry: URL): Member {
    const worker = new Worker(entry);
    const exited = once(worker, "exit").catch(() => undefined);
    const member: Member = { worker, exited, pending: new Map(), running: false };
    worker.on("message", (reply: WorkerReply & { id: number }) => this.#receive(member, reply));
    worker.on("error", (cause) => this.#fail(crashed(String(cause), cause)));
    worker.on("messageerror", (cause) => this.#fail(crashed("its reply could not be read", cause)));
    worker.on("exit", (code) => this.#fail(crashed(`it ended with exit code ${code}`)));
    worker.unref();
    return member;
  }

  #dispatch(): void {
    for (const member of this.#members) {
      if (member.running) continue;
      const job = this.#queue.shift();
      if (job === undefined) return;
      member.running = true;
      this.#post(member, job);
    }
  }

  #post(member: Member, job: Job): void {
    this.#serial += 1;
    member.pending.set(this.#serial, job);
    // A thread with work keeps the process alive, an idle one does not.
    member.worker.ref();
    member.worker.postMessage({ id: this.#serial, ...job.request }, job.transfer);
  }

  #receive(member: Member, reply: WorkerReply & { id: number }): void {
    const pending = member.pending.get(reply.id);
    member.pending.delete(reply.id);
    if (member.pending.size === 0) member.worker.unref();
    if (pending === undefined) return;
    if (pending.request.kind === "run") member.running = false;
    if (reply.ok) pending.resolve(reply.outputs);
    else pending.reject(refused(pending.request.kind, reply.message));
    this.#dispatch();
  }

  #fail(failure: DifftapError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (const job of this.#queue.splice(0)) job.reject(failure);
    for (const { pending, worker } of this.#members) {
      for (const each of pending.values()) each.reject(failure);
      pending.clear();
      worker.unref();
    }
  }
}

function crashed(what: string, cause?: unknown): DifftapError {
  return new DifftapError("RUNTIME_FAILED", `a session worker broke: ${what}`, {
    hint: "if memory ran out, use a smaller batch or fewer workers",
    cause,
  });
}

function refused(kind: WorkerRequest["kind"], message: string): DifftapError {
  return new DifftapError("RUNTIME_FAILED", `ONNX Runtime could not ${kind} a session: ${message}`, {
    cause: new Error(message),
  });
}
