/**
 * The tests that @tensorflow/tfjs-core publishes in its dist, and its source modules, as ES modules that share one core.
 *
 * Code splitting gives every module once: `core.js` (what the package exports, with all gradients and chained operations),
 * `jasmine.js` (the test environments) and one chunk per test file meet in the same chunks.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const dist = dirname(require.resolve("@tensorflow/tfjs-core"));

/** Builds the bundle into `folder`; returns the path of each entry: core, jasmine, tests. */
export async function bundleTests(folder) {
  const entries = {
    core: coreSource(),
    jasmine: 'export * from "./jasmine_util";',
    tests: testsSource(testFiles()),
  };
  await build({
    entryPoints: Object.keys(entries).map((name) => ({ in: `entry:${name}`, out: name })),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
    alias: {
      "jasmine-core/lib/jasmine-core/jasmine.js": require.resolve("jasmine-core/lib/jasmine-core/jasmine.js"),
    },
    // The compiled tests call `require`, which ES modules lack.
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
    },
    plugins: [virtual(entries)],
  });
  return Object.fromEntries(Object.keys(entries).map((name) => [name, join(folder, `${name}.mjs`)]));
}

/** Every test file that the package's own list of tests names, such as "ops/abs_test". */
function testFiles() {
  const list = readFileSync(join(dist, "tests.js"), "utf8");
  return [...list.matchAll(/^import '\.\/(.*)';$/gm)].map(([, file]) => file);
}

const coreSource = () => `
  import "./public/chained_ops/register_all_chained_ops";
  import "./register_all_gradients";
  export * from "./index";
`;

const testsSource = (files) =>
  `export const tests = {${files.map((file) => `${JSON.stringify(file)}: () => import("./${file}")`).join(",")}};`;

/** Entries that are text, resolved as if they lay in the package's dist. */
function virtual(entries) {
  return {
    name: "virtual entries",
    setup(builder) {
      builder.onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice(6), namespace: "entry" }));
      builder.onLoad({ filter: /.*/, namespace: "entry" }, ({ path }) => ({
        contents: entries[path],
        resolveDir: dist,
      }));
    },
  };
}
