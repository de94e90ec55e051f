/** A command of ours as a process of its own, which can be killed. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { repository } from "../bootstrap/pnpm.mjs";

/** Starts `node APP/dist/bin.js ARGV`; `exit` tells its exit code, output and the last it said. */
export function start(app, argv) {
  const child = spawn(process.execPath, [join(repository, app, "dist/bin.js"), ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  child.stdout.on("data", (text) => {
    out += text;
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said = `${said}${text}`.slice(-2000);
  });
  const exit = new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, out, said }));
  });
  return { process: child, exit };
}

/** What it prints with --json; throws what it said when it fails. */
export async function finished({ exit }) {
  const { code, out, said } = await exit;
  if (code !== 0) throw new Error(`ended with exit code ${code}\n${said}`);
  return JSON.parse(out);
}

/** `--kills 3 -- COMMAND…`: how often, and what is run; `fallback` where nothing is named. */
export function commandLine(fallback) {
  const split = process.argv.indexOf("--");
  const options = process.argv.slice(2, split === -1 ? undefined : split);
  const kills = Number(options[options.indexOf("--kills") + 1] ?? 3) || 3;
  return { kills, command: split === -1 ? fallback : process.argv.slice(split + 1) };
}
