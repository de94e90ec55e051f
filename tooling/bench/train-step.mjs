/**
 * Training steps on every engine, beside bare ONNX Runtime and PyTorch. Each in a process of its own; they take turns in one run; medians.
 * Usage: pnpm run bench train-step [--rounds 9] [--steps transformer,convolution,layers] [--engines onnxruntime,tensorflow,wasm]
 *   [--python PYTHON]; wasm runs the transformer once a round of three, and cannot train convolutions as it ships.
 */
import { existsSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "./parts/server.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    steps: { type: "string", default: "transformer,convolution,layers" },
    engines: { type: "string", default: "onnxruntime,tensorflow,wasm" },
    python: {
      type: "string",
      default: process.env.DIFFTAP_PYTHON ?? resolve(root, ".cache/judge/bin/python"),
    },
  },
});
const part = (name) => resolve(root, "tooling/bench/parts", name);

const engines = options.engines.split(",");
const servers = new Map([["bare", await startServer(process.execPath, [part("step-server.mjs"), "bare"])]]);
for (const engine of engines) {
  const started = await startServer(process.execPath, [part("step-server.mjs"), engine]).catch(
    (error) => error.message,
  );
  if (typeof started === "string") console.log(`${engine}: skipped, ${started}`);
  else servers.set(engine, started);
}
if (existsSync(options.python)) {
  servers.set(
    "pytorch",
    await startServer(options.python, [part("pytorch_steps.py"), String(availableParallelism())]),
  );
} else console.log("PyTorch: skipped, no Python with torch was given");

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const runs = (who, name) =>
  !(who === "wasm" && name !== "transformer") && !(who === "bare" && name === "layers");
const rounds = Number(options.rounds);
console.log(`${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, medians of ${rounds} rounds`);
for (const name of options.steps.split(",")) {
  const answers = new Map([...servers.keys()].filter((who) => runs(who, name)).map((who) => [who, []]));
  for (let round = -3; round < rounds; round += 1) {
    for (const [who, list] of answers) {
      if (who === "wasm" && round % 3 !== 0) continue;
      const answered = await servers.get(who).ask(name);
      list.push({ ...answered, round });
    }
  }
  report(name, answers);
}
for (const { close } of servers.values()) close();

function report(name, answers) {
  const steady = new Map([...answers].map(([who, list]) => [who, list.filter(({ round }) => round >= 0)]));
  const times = new Map(
    [...steady].map(([who, list]) => [who, median(list.map(({ milliseconds }) => milliseconds))]),
  );
  const gigaflop = steady.get(engines[0])?.[0]?.gigaflop;
  const rate = (who) => {
    const work = who === "bare" ? steady.get("bare")[0].gigaflop : gigaflop;
    return work ? `${((1000 * work) / times.get(who)).toFixed(1)} GFLOP/s` : "";
  };
  console.log(`\n${name}`);
  for (const [who, time] of times)
    console.log(`  ${who.padEnd(12)} ${time.toFixed(1).padStart(9)} ms  ${rate(who)}`);
  const own = steady.get("onnxruntime");
  if (!own) return;
  const time = times.get("onnxruntime");
  const ratios = [...times]
    .filter(([who]) => who !== "onnxruntime")
    .map(([who, other]) => {
      if (who !== "bare") return `${who} takes ${(other / time).toFixed(2)} times as long`;
      const share = gigaflop / time / (steady.get("bare")[0].gigaflop / other);
      return `${share.toFixed(2)} of the rate of bare ONNX Runtime`;
    });
  const all = answers.get("onnxruntime");
  const compiled = all.reduce((sum, each) => sum + each.compiled, 0);
  const compiling = all.reduce((sum, each) => sum + each.compileMilliseconds, 0);
  const outside = median(own.map((each) => each.outside / each.milliseconds));
  console.log(`  onnxruntime: ${ratios.join("; ")}`);
  console.log(
    `  ${(100 * outside).toFixed(1)} % of the time outside session.run; ${compiled} graphs compiled in ${compiling.toFixed(0)} ms, none after warming up: ${own.every((each) => each.compiled === 0)}`,
  );
}
