/**
 * Packs every package, lints the tarball, and for each one installs it with npm (scripts off) in an empty folder,
 * with only the tarballs of what it depends on, and runs its README's example there. One more than there are cores at once: npm waits much.
 * `node tooling/gate/packed.mjs [NAME…]` takes some packages only.
 */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { pnpm, repository } from "../bootstrap/pnpm.mjs";

const execute = promisify(execFile);
const tarballs = resolve(repository, ".cache/packed");
const packages = readPackages();
const wanted = process.argv.slice(2);

rmSync(tarballs, { recursive: true, force: true });
mkdirSync(tarballs, { recursive: true });
for (const { folder } of packages.values()) {
  if (pnpm("--dir", folder, "--silent", "pack", "--pack-destination", tarballs) !== 0) process.exit(1);
}
const chosen = [...packages.keys()].filter(
  (name) => wanted.length === 0 || wanted.includes(name.split("/")[1]),
);
const problems = [];
const left = [...chosen];
const worker = async () => {
  for (let name = left.shift(); name !== undefined; name = left.shift())
    problems.push(...(await lint(name)), ...(await runExample(name)));
};
await Promise.all(Array.from({ length: availableParallelism() + 1 }, worker));
for (const problem of problems) console.error(problem);
console.log(`${chosen.length} packages packed, linted, installed and run: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

/** Name → folder, manifest, of everything that is published. */
function readPackages() {
  const folders = ["packages", "apps"].flatMap((group) =>
    readdirSync(resolve(repository, group)).map((name) => resolve(repository, group, name)),
  );
  const entries = folders
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }));
  return new Map(
    entries.filter(({ manifest }) => !manifest.private).map((entry) => [entry.manifest.name, entry]),
  );
}

function tarballOf(name) {
  const { manifest } = packages.get(name);
  return join(tarballs, `${name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`);
}

/** The package and all of ours that it needs, directly or not. */
function closure(name, found = new Set()) {
  found.add(name);
  for (const dependency of Object.keys(packages.get(name).manifest.dependencies ?? {})) {
    if (packages.has(dependency) && !found.has(dependency)) closure(dependency, found);
  }
  return found;
}

async function lint(name) {
  const tarball = tarballOf(name);
  const checks = [["publint", "run", tarball, "--strict"]];
  if ("." in packages.get(name).manifest.exports)
    checks.push(["attw", tarball, "--profile", "esm-only", "--no-emoji"]);
  const found = [];
  for (const [tool, ...args] of checks) {
    const result = await finished(`node_modules/.bin/${tool}`, args, { cwd: repository });
    if (result.status !== 0) found.push(`${name}: ${tool} says\n${result.stdout}${result.stderr}`);
  }
  return found;
}

async function runExample(name) {
  const readme = join(packages.get(name).folder, "README.md");
  const example = existsSync(readme)
    ? /```js\n([\s\S]*?)```/.exec(readFileSync(readme, "utf8"))?.[1]
    : undefined;
  if (example === undefined) return [`${name}: README.md has no js example`];
  const folder = mkdtempSync(join(tmpdir(), "difftap-packed-"));
  try {
    return await installAndRun(name, folder, example);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function installAndRun(name, folder, example) {
  const dependencies = Object.fromEntries(
    [...closure(name)].map((each) => [each, `file:${tarballOf(each)}`]),
  );
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  writeFileSync(join(folder, "example.js"), example);
  const npm = [
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--loglevel=error",
  ];
  const installed = await finished("npm", npm, { cwd: folder });
  if (installed.status !== 0) return [`${name}: npm install failed\n${installed.stdout}${installed.stderr}`];
  const ran = await finished(process.execPath, ["example.js"], { cwd: folder, timeout: 60_000 });
  if (ran.status !== 0) return [`${name}: the README's example failed\n${ran.stdout}${ran.stderr}`];
  if (ran.stdout.trim() === "") return [`${name}: the README's example printed nothing`];
  console.log(`${name}: ${ran.stdout.trim().split("\n")[0]}`);
  return [];
}

/** What a process ended with and what it said. */
function finished(command, args, options) {
  return execute(command, args, { ...options, maxBuffer: 2 ** 26 }).then(
    (said) => ({ ...said, status: 0 }),
    ({ code, stdout, stderr, message }) => ({ status: code, stdout, stderr: stderr || message }),
  );
}
