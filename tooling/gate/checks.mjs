/** What must hold beside the tests: formatting, lint, types, boundaries, versions, dead code, packages as published. */
import { fileURLToPath } from "node:url";
import { pnpm, run } from "../bootstrap/pnpm.mjs";

const script = (name) => fileURLToPath(new URL(name, import.meta.url));

const kernelTests = [
  script("../kernel-tests/run.mjs"),
  ...["--backend", "onnxruntime", "--quiet", "--expect", script("../kernel-tests/onnxruntime.json")],
];

const checks = [
  { name: "format and lint", run: () => pnpm("exec", "biome", "ci", "--colors=off", ".") },
  { name: "types", run: () => pnpm("exec", "turbo", "run", "types", "--output-logs=errors-only") },
  { name: "boundaries between packages", run: () => pnpm("exec", "turbo", "boundaries") },
  { name: "one version per dependency", run: () => pnpm("exec", "sherif") },
  { name: "dead code and dependencies", run: () => pnpm("exec", "knip") },
  { name: "TensorFlow.js's own kernel tests on onnxruntime", run: () => run(process.execPath, kernelTests) },
  { name: "packages as published", run: () => run(process.execPath, [script("packed.mjs")]) },
];

/** Runs every check, also after one failed. */
export function runChecks() {
  const failed = checks.filter(({ name, run: work }) => {
    console.log(`\n── ${name}`);
    const ok = work() === 0;
    if (!ok) console.error(`✗ ${name}`);
    return !ok;
  });
  for (const { name } of failed) console.error(`failed check: ${name}`);
  return { passed: checks.length - failed.length, failed: failed.length };
}
