/** A worker thread with ONNX Runtime sessions: `run` blocks the thread it is called on, so not the main one. */
import { parentPort } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { WEIGHTS_LOCATION } from "./emission/weight-layout.js";
import {
  END,
  type Feed,
  type Feeds,
  type Numbered,
  type Outputs,
  type WorkerReply,
  type WorkerRequest,
} from "./workers/protocol.js";

const sessions = new Map<number, InferenceSession>();
/** Requests are answered one after the other. */
let last: Promise<void> = Promise.resolve();

parentPort?.on("message", (request: (WorkerRequest & Numbered) | typeof END) => {
  // With its port closed the thread has nothing left to wait for, and ends.
  last = last.then(() => (request === END ? parentPort?.close() : answer(request)));
});

async function answer(request: WorkerRequest & Numbered): Promise<void> {
  const reply = await handle(request).then(
    (outputs): WorkerReply => ({ ok: true, outputs }),
    (error: unknown): WorkerReply => ({ ok: false, message: String(error) }),
  );
  const buffers = reply.ok ? Object.values(reply.outputs).map((data) => data.buffer as ArrayBuffer) : [];
  parentPort?.postMessage({ id: request.id, ...reply }, buffers);
}

async function handle(request: WorkerRequest): Promise<Outputs> {
  switch (request.kind) {
    case "open":
      sessions.set(request.session, await open(request));
      return {};
    case "run":
      return run(request.session, request.feeds);
    case "close":
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      return {};
  }
}

/** The runtime copies the weights into the layout it wants; ours are given back at once. */
async function open({
  model,
  weights,
  threads,
}: WorkerRequest & { kind: "open" }): Promise<InferenceSession> {
  const session = await InferenceSession.create(model, {
    externalData: [{ path: WEIGHTS_LOCATION, data: weights }],
    graphOptimizationLevel: "all",
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { set_denormal_as_zero: "1", intra_op: { allow_spinning: "0" } } },
  });
  weights.buffer.resize(0);
  return session;
}

async function run(number: number, feeds: Feeds): Promise<Outputs> {
  const session = sessions.get(number);
  if (session === undefined) throw new Error(`session ${number} is not open`);
  const tensors = Object.entries(feeds).map(([name, feed]) => [name, tensorOf(feed)] as const);
  const results = await session.run(Object.fromEntries(tensors));
  // The runtime owns the memory of its results, so they are copied before they can be transferred.
  const copies = Object.entries(results).map(([name, tensor]) => [
    name,
    (tensor.data as Float32Array).slice(),
  ]);
  return Object.fromEntries(copies) as Outputs;
}

function tensorOf({ type, data, shape }: Feed): Tensor {
  return new Tensor(type, data, shape);
}
