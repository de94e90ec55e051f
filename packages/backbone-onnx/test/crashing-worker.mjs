// Stands in for a session worker: dies at its first run, answers everything else.
import { parentPort } from "node:worker_threads";

parentPort.on("message", ({ id, kind }) => {
  if (kind === "run") process.exit(7);
  parentPort.postMessage({ id, ok: true, outputs: {} });
});
