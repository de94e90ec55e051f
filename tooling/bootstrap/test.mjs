/** `npm test`: install, build, every check, every test, and one closing line with the totals. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { runChecks } from "../gate/checks.mjs";
import { installAndBuild, pnpm, repository } from "./pnpm.mjs";

const resultFile = resolve(repository, ".vitest/results.json");

installAndBuild();
const checks = runChecks();
const tests = runTests();
const total = (key) => checks[key] + tests[key];
console.log(
  `\nchecks: ${checks.passed} passed, ${checks.failed} failed; tests: ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`,
);
console.log(`${total("passed")} passed, ${total("failed")} failed, ${tests.skipped} skipped`);
process.exit(total("failed") === 0 ? 0 : 1);

/** Runs vitest over all packages. A crash of the runner itself counts as one failure. */
function runTests() {
  rmSync(resultFile, { force: true });
  mkdirSync(resolve(repository, ".vitest"), { recursive: true });
  const code = pnpm(
    "exec",
    "vitest",
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${resultFile}`,
  );
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(resultFile, "utf8"),
    );
    const failed = numFailedTests === 0 && code !== 0 ? 1 : numFailedTests;
    return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
  } catch (error) {
    console.error(`the test runner left no results: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
