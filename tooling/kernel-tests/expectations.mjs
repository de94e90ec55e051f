/** Compares what failed with a list of known failures: test name → reason. */
import { readFileSync } from "node:fs";

/**
 * @param complete whether every test ran, so that a listed name which is no test's is a difference too.
 * @returns {string[]} one line per difference: an unlisted failure, a listed test that passes, a name of no test.
 */
export function differences(results, file, complete) {
  const known = JSON.parse(readFileSync(file, "utf8"));
  const failures = results.filter(({ status }) => status === "failed");
  const failed = new Set(failures.map(({ name }) => name));
  const ran = new Set(results.map(({ name }) => name));
  const listed = Object.keys(known);
  return [
    ...failures
      .filter(({ name }) => !(name in known))
      .map(({ name, error }) => `fails and is not listed: ${name}: ${error}`),
    ...listed
      .filter((name) => ran.has(name) && !failed.has(name))
      .map((name) => `is listed as failing and passes: ${name}`),
    ...listed.filter((name) => complete && !ran.has(name)).map((name) => `is listed and is no test: ${name}`),
  ];
}
