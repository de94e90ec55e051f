/** Entry of the worker that solves probes: ONNX Runtime blocks the thread it runs on. */
import { parentPort, workerData } from "node:worker_threads";
import { CLOSE, type SolveRequest, type WorkerReply, type WorkerStart } from "./messages.js";
import { openProblem } from "./problem.js";

const owner = parentPort!;
const problem = openProblem(workerData as WorkerStart);
// Each request awaits the problem and reports its failure; this keeps an early one from ending the process.
problem.catch(() => undefined);

let closing = false;
let working: Promise<void> = Promise.resolve();

owner.on("message", (request: SolveRequest | typeof CLOSE) => {
  if (request === CLOSE) close();
  else working = solve(request).catch((error: unknown) => reply({ kind: "failure", message: String(error) }));
});

/** Ends the thread once nothing runs: with its port closed it has nothing left to wait for. */
function close(): void {
  closing = true;
  Promise.allSettled([problem, working]).then(() => owner.close());
}

async function solve(request: SolveRequest): Promise<void> {
  const opened = await problem;
  const minimum = await opened.solve(request, (iteration, _value, gradientNorm) => {
    if (closing) throw new Error("closed");
    reply({ kind: "iteration", iteration, gradientNorm });
  });
  reply({ kind: "minimum", minimum });
}

function reply(message: WorkerReply): void {
  owner.postMessage(message);
}
