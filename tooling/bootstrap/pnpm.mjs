/** Runs pnpm at the version the workspace names, through npm, so that a bare machine needs Node and npm only. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const { packageManager } = JSON.parse(readFileSync(resolve(repository, "package.json"), "utf8"));
const version = packageManager.split("@")[1];

/** The command that starts pnpm: an installed one of the right version, else npx. */
const launcher = (() => {
  const found = spawnSync("pnpm", ["--version"], { cwd: repository, encoding: "utf8" });
  if (found.status === 0 && found.stdout.trim() === version) return ["pnpm"];
  return ["npx", "--yes", `pnpm@${version}`];
})();

/** Runs a command in the repository with its output shown; returns the exit code. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: repository, stdio: "inherit", ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Runs `pnpm ARGS`; returns the exit code. */
export const pnpm = (...args) => run(launcher[0], [...launcher.slice(1), ...args]);

/** Runs `pnpm ARGS` and ends this process with its exit code where that is not 0. */
export function pnpmOrExit(...args) {
  const code = pnpm(...args);
  if (code !== 0) process.exit(code);
}

/** Installs what the lockfile says and builds every package. The second install links the bins that the build made. */
export function installAndBuild() {
  const install = ["install", "--frozen-lockfile", "--reporter=append-only", "--loglevel=error"];
  pnpmOrExit(...install);
  pnpmOrExit("exec", "turbo", "run", "build", "--output-logs=errors-only");
}
