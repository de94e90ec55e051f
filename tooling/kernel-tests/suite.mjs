/** Runs the bundled tests on one backend with Jasmine; gives what each test did as data. */
import { pathToFileURL } from "node:url";
import jasmineCore from "jasmine-core";

/**
 * @returns {Promise<{ file: string, name: string, status: "passed" | "failed", error: string | null,
 *   kernels: string[], missing: string[] }[]>} one entry per test that ran, in order. `kernels` are those it asked for,
 *   `missing` those of them that the backend does not have.
 */
export async function runTests({ bundle, backend, filter, onTest = () => {} }) {
  const core = await load(bundle.core);
  const jasmine = jasmineCore.boot();
  jasmine.DEFAULT_TIMEOUT_INTERVAL = 60_000;
  const suite = jasmine.getEnv();
  const short = (name) => name.replaceAll(` ${backend} {}`, "");
  suite.configure({
    random: false,
    forbidDuplicateNames: false,
    specFilter: (spec) => short(spec.getFullName()).includes(filter),
  });
  const files = await declareTests(bundle, backend, suite);

  const recorder = recordKernels(core);
  const results = [];
  const add = (file, { fullName, status, failedExpectations }) => {
    const error = failedExpectations[0]?.message.split("\n")[0] ?? null;
    const result = { file, name: short(fullName), status, error, ...recorder.stop() };
    results.push(result);
    onTest(result);
  };
  suite.addReporter({
    specStarted: () => recorder.start(),
    specDone: (spec) => {
      if (spec.status === "passed" || spec.status === "failed") add(files.get(spec.id), spec);
    },
    // What fails before the first or after the last test of a suite is no test's, and counts as one.
    suiteDone: (each) => {
      if (each.failedExpectations.length === 0) return;
      recorder.start();
      add("suites", { ...each, fullName: `${each.fullName} (around its tests)`, status: "failed" });
    },
  });
  await suite.execute();
  return results;
}

const load = (file) => import(pathToFileURL(file).href);

/** Imports every test file in turn; returns test id → the file that declared it. */
async function declareTests(bundle, backend, suite) {
  const { setTestEnvs } = await load(bundle.jasmine);
  setTestEnvs([{ name: backend, backendName: backend, flags: {}, isDataSync: true }]);
  const { tests } = await load(bundle.tests);
  const files = new Map();
  for (const [file, declare] of Object.entries(tests)) {
    await declare();
    for (const id of testIds(suite.topSuite())) if (!files.has(id)) files.set(id, file);
  }
  return files;
}

const testIds = ({ id, children }) => (children === undefined ? [id] : children.flatMap(testIds));

/** Notes which kernels are asked for between `start` and `stop`, and which of them the backend of that moment lacks. */
function recordKernels({ engine, getKernel }) {
  const kernels = new Set();
  const missing = new Set();
  const { runKernel } = engine();
  engine().runKernel = function (name, ...rest) {
    kernels.add(name);
    if (getKernel(name, this.backendName) == null) missing.add(name);
    return runKernel.call(this, name, ...rest);
  };
  return {
    start: () => {
      kernels.clear();
      missing.clear();
    },
    stop: () => ({ kernels: [...kernels], missing: [...missing] }),
  };
}
