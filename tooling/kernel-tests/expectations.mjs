/** Compares what failed with a list of known failures: test name → reason. */
import { readFileSync } from "node:fs";

/** @returns {string[]} one line per difference: an unlisted failure, or a listed test that passes or did not run. */
export function differences(results, file) {
  const known = JSON.parse(readFileSync(file, "utf8"));
  const failed = new Map(
    results.filter(({ status }) => status === "failed").map((each) => [each.name, each]),
  );
  const ran = new Set(results.map(({ name }) => name));
  const unlisted = [...failed.values()]
    .filter(({ name }) => !(name in known))
    .map(({ name, error }) => `fails and is not listed: ${name}: ${error}`);
  const surplus = Object.keys(known)
    .filter((name) => ran.has(name) && !failed.has(name))
    .map((name) => `is listed as failing and passes: ${name}`);
  return [...unlisted, ...surplus];
}
