/**
 * Runs TensorFlow.js's own kernel tests against a backend.
 *
 *   node tooling/kernel-tests/run.mjs --backend onnxruntime --filter conv2d --json failures.json
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
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
if (!(backend in backends)) {
  console.error(`--backend must be one of ${Object.keys(backends).join(", ")}, not ${backend}`);
  process.exit(2);
}

// Tests that print (the profiler's do) are not data.
const print = console.log;
console.log = console.error;

const bundle = await bundleTests(
  fileURLToPath(new URL(`../../.cache/kernel-tests/${backend}`, import.meta.url)),
);
shareCore(bundle.core);
await backends[backend]();
const results = await runTests({ bundle, backend, filter, onTest: settings.quiet ? undefined : printTest });
const summary = summarise(results);
for (const line of summaryLines(summary)) print(line);
if (settings.json)
  writeFileSync(settings.json, `${JSON.stringify({ backend, filter, summary, results }, null, 1)}\n`);

const wrong = settings.expect ? differences(results, settings.expect) : [];
for (const line of wrong) console.error(line);
process.exit(wrong.length === 0 ? 0 : 1);

function printTest({ status, name, error }) {
  if (status === "failed") print(`failed  ${name}\n        ${error}`);
}
