/** Counts of what the tests did: by whether the backend has the kernels that a test asked for, and by file. */

/** "registered": every kernel a test asked for is there; "unregistered": one is not; "none": it asked for no kernel. */
function concern({ kernels, missing }) {
  if (missing.length > 0) return "unregistered";
  return kernels.length > 0 ? "registered" : "none";
}

/** @returns counts of all tests, per concern and per file, and the kernels that were missing. */
export function summarise(results) {
  return {
    all: count(results),
    concern: countBy(results, concern),
    missing: [...new Set(results.flatMap(({ missing }) => missing))].sort(),
    files: countBy(results, ({ file }) => file),
  };
}

function countBy(results, keyOf) {
  const groups = new Map();
  for (const result of results) {
    const key = keyOf(result);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return Object.fromEntries([...groups].map(([key, group]) => [key, count(group)]));
}

function count(results) {
  const failed = results.filter(({ status }) => status === "failed");
  const counts = { tests: results.length, passed: results.length - failed.length, failed: failed.length };
  return failed.length === 0 ? counts : { ...counts, first: `${failed[0].name}: ${failed[0].error}` };
}

/** The summary as lines of text: files with failures, then the totals. */
export function summaryLines({ all, concern: concerns, missing, files }) {
  const faulty = Object.entries(files).filter(([, { failed }]) => failed > 0);
  const share = ({ tests, passed }) =>
    `${passed} of ${tests} pass (${((100 * passed) / tests).toFixed(2)} %)`;
  const about = {
    registered: "tests of kernels that the backend has",
    unregistered: "tests that need a kernel it lacks",
    none: "tests that run no kernel",
  };
  return [
    ...faulty.map(([file, { tests, failed, first }]) => `${file}: ${failed} of ${tests} fail; ${first}`),
    "",
    ...Object.keys(about)
      .filter((key) => concerns[key])
      .map((key) => `${about[key]}: ${share(concerns[key])}`),
    `kernels asked for and lacking: ${missing.join(", ") || "none"}`,
    `all: ${share(all)}`,
  ];
}
