/**
 * Runs TensorFlow.js's own kernel tests against a backend.
 *
 *   node tooling/kernel-tests/run.mjs --backend onnxruntime --filter conv2d --json failures.json
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { backends } from "./backends.mjs";
import { bundleTests } from "./bundle.mjs";
import { differences } from "./expectations.mjs";
import { shareCore } from "./one-core.mjs";
import { runTests } from "./suite.mjs";
import { summarise, summaryLines } from "./summary.mjs";

const { values: settings } = parseArgs({
  options: {
    backend: { type: "string" },
    filter: { type: "string", default: "" },
    json: { type: "string" },
    expect: { type: "string" },
    quiet: { type: "boolean", default: false },
  },
});
const { backend, filter } = settings;

// Tests that print (the profiler's do) are not data.
const print = console.log;
console.log = console.error;

try {
  process.exit(await main());
} catch (error) {
  console.error(error);
  process.exit(2);
}

/** @returns the exit code: 1 when what failed is not what was expected. */
async function main() {
  if (!(backend in backends)) throw new Error(`--backend is one of ${Object.keys(backends).join(", ")}`);
  const results = await inBundle(async (bundle) => {
    shareCore(bundle.core);
    await backends[backend]();
    return runTests({ bundle, backend, filter, onTest: settings.quiet ? undefined : printTest });
  });
  if (results.length === 0) throw new Error(`no test's name contains "${filter}"`);
  const summary = summarise(results);
  for (const line of summaryLines(summary)) print(line);
  if (settings.json) {
    writeFileSync(settings.json, `${JSON.stringify({ backend, filter, summary, results }, null, 1)}\n`);
  }
  const wrong = settings.expect ? differences(results, settings.expect, filter === "") : [];
  for (const line of wrong) console.error(line);
  return wrong.length === 0 ? 0 : 1;
}

/** Gives `work` a bundle of this run's own, so that runs side by side do not meet. */
async function inBundle(work) {
  const folder = mkdtempSync(join(tmpdir(), "difftap-kernel-tests-"));
  try {
    return await work(await bundleTests(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function printTest({ status, name, error }) {
  if (status === "failed") print(`failed  ${name}\n        ${error}`);
}
