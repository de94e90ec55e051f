/**
 * The runtime thread: holds tensors by id and sessions by number, and runs graphs in the order asked for. ONNX Runtime's `run` blocks
 * the thread it is called on, so it is called on this one.
 */
import { parentPort, workerData } from "node:worker_threads";
import { arrayTypes, type DType } from "@difftap/core";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { HostData } from "./graph/value.js";
import { findChannelBlock } from "./runtime/channel-block.js";
import {
  counters,
  type ReadReply,
  type RunRequest,
  type RuntimeRequest,
  type RuntimeSettings,
  times,
  type Upload,
} from "./runtime/protocol.js";

const settings = workerData as RuntimeSettings;
const counts = new Int32Array(settings.counters);
const milliseconds = new Float64Array(settings.times);
const sessions = new Map<number, InferenceSession | Failure>();
const tensors = new Map<number, Tensor | Failure>();

/** Stands where a tensor or session should be and says why it is not: whoever reads it is told. */
class Failure {
  constructor(readonly message: string) {}
}

let last: Promise<void> = tellChannelBlock();
parentPort?.on("message", (request: RuntimeRequest) => {
  last = last.then(() => handle(request));
});

async function tellChannelBlock(): Promise<void> {
  const block = settings.providers[0] === "cpu" ? await findChannelBlock(open) : 1;
  Atomics.store(counts, counters.channelBlock, block);
  Atomics.notify(counts, counters.channelBlock);
}

async function handle(request: RuntimeRequest): Promise<void> {
  if (request.kind === "run") await run(request);
  else if (request.kind === "release") letGo(request);
  else if (request.kind === "read") read(request);
  else end();
}

async function run(request: RunRequest): Promise<void> {
  request.uploads.forEach(store);
  const outputs = await compute(request).catch((error: unknown) => new Failure(messageOf(error)));
  request.outputs.forEach((ids, place) => {
    const output = outputs instanceof Failure ? outputs : outputs[place]!;
    for (const id of ids) tensors.set(id, output);
  });
  letGo(request);
  Atomics.add(counts, counters.completed, 1);
  Atomics.notify(counts, counters.completed);
}

/** The outputs in the graph's order. */
async function compute(request: RunRequest): Promise<Tensor[]> {
  const session = await sessionOf(request);
  const feeds: Record<string, Tensor> = {};
  request.feeds.forEach((id, place) => {
    feeds[`f${place}`] = tensorOf(id);
  });
  for (const { place, dtype, number } of request.numbers) {
    feeds[`n${place}`] = rankZero(dtype, number);
  }
  const started = performance.now();
  const results = await session.run(feeds);
  milliseconds[times.running]! += performance.now() - started;
  return session.outputNames.map((name) => results[name] as Tensor);
}

async function sessionOf({ session: number, model }: RunRequest): Promise<InferenceSession> {
  if (model !== undefined) {
    const started = performance.now();
    const made = await open(model).catch((error: unknown) => new Failure(messageOf(error)));
    milliseconds[times.compiling]! += performance.now() - started;
    Atomics.add(counts, counters.compilations, 1);
    sessions.set(number, made);
    Atomics.store(counts, counters.sessions, sessions.size);
  }
  const session = sessions.get(number);
  if (session instanceof Failure) throw new Error(session.message);
  return session!;
}

function open(model: Uint8Array): Promise<InferenceSession> {
  const { providers, threads, arena } = settings;
  return InferenceSession.create(model, {
    executionProviders: [...providers],
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: arena,
    // Laid out as one block from the second run on, beside what the first one left in the arena: memory for no speed.
    enableMemPattern: false,
    // What goes wrong is told to whoever reads, not to the terminal.
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
}

function store({ id, dtype, shape, data }: Upload): void {
  tensors.set(id, new Tensor(dtype as "float32", data as Float32Array, shape));
}

function rankZero(dtype: DType, number: number): Tensor {
  const data = new arrayTypes[dtype](1) as Float32Array;
  data[0] = number;
  return new Tensor(dtype as "float32", data, []);
}

function tensorOf(id: number): Tensor {
  const found = tensors.get(id);
  if (found instanceof Failure) throw new Error(found.message);
  if (found === undefined) throw new Error(`tensor ${id} is not with the runtime`);
  return found;
}

function letGo({ released, dropped }: { released: readonly number[]; dropped: readonly number[] }): void {
  for (const id of released) tensors.delete(id);
  Atomics.store(counts, counters.tensors, tensors.size);
  for (const number of dropped) {
    const session = sessions.get(number);
    sessions.delete(number);
    if (session !== undefined && !(session instanceof Failure)) void session.release();
  }
  if (dropped.length > 0) Atomics.store(counts, counters.sessions, sessions.size);
}

function read({ ticket, id, sync }: RuntimeRequest & { kind: "read" }): void {
  const reply = copyOf(ticket, id);
  const transfer = "data" in reply ? [reply.data.buffer as ArrayBuffer] : [];
  if (!sync) {
    parentPort?.postMessage(reply, transfer);
    return;
  }
  settings.port.postMessage(reply, transfer);
  Atomics.add(counts, counters.replies, 1);
  Atomics.notify(counts, counters.replies);
}

/** The runtime owns the memory of its results, so what leaves this thread is a copy. */
function copyOf(ticket: number, id: number): ReadReply {
  try {
    return { ticket, data: (tensorOf(id).data as HostData).slice() };
  } catch (error) {
    return { ticket, error: messageOf(error) };
  }
}

/** With its ports closed the thread has nothing left to wait for, and ends. */
function end(): void {
  Atomics.store(counts, counters.ended, 1);
  Atomics.notify(counts, counters.ended);
  settings.port.close();
  parentPort?.close();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
