/** Entry of the worker that solves probes: ONNX Runtime blocks the thread it runs on. */
import { parentPort, workerData } from "node:worker_threads";
import type { SolveRequest, WorkerReply, WorkerStart } from "./messages.js";
import { openProblem } from "./problem.js";

const owner = parentPort!;
const problem = openProblem(workerData as WorkerStart);
// Each request awaits the problem and reports its failure; this keeps an early one from ending the process.
problem.catch(() => undefined);

owner.on("message", (request: SolveRequest) => {
  solve(request).catch((error: unknown) => reply({ kind: "failure", message: String(error) }));
});

async function solve(request: SolveRequest): Promise<void> {
  const opened = await problem;
  const minimum = await opened.solve(request, (iteration, _value, gradientNorm) =>
    reply({ kind: "iteration", iteration, gradientNorm }),
  );
  reply({ kind: "minimum", minimum });
}

function reply(message: WorkerReply): void {
  owner.postMessage(message);
}
