/**
 * Pretraining steps on our engines beside PyTorch: the ADM of CIFAR-10, batch 32, learned sigma, AdamW, clipping, EMA. Each in a process of
 * its own; they take turns in one run; medians of rounds. With --profile PyTorch has one thread, and processor time is shown by kernel.
 * "tensorflow*2" is data-parallel: two ranks under mpiexec share the batch and the cores.
 * Usage: pnpm run bench pretrain [--rounds 7] [--steps 5] [--engines onnxruntime,tensorflow,tensorflow*2] [--python PYTHON] [--profile]
 */
import { existsSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { batch, learningRate } from "./parts/pretraining.mjs";
import { startServer } from "./parts/server.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "5" },
    engines: { type: "string", default: "onnxruntime,tensorflow" },
    profile: { type: "boolean", default: false },
    python: {
      type: "string",
      default: process.env.DIFFTAP_PYTHON ?? resolve(root, ".cache/judge/bin/python"),
    },
  },
});
const part = (name) => resolve(root, "tooling/bench/parts", name);

/** One process, or several of the same with a share of the cores for each. */
function startRanks(args, ranks) {
  if (ranks === 1) return startServer(process.execPath, args);
  const threads = String(Math.max(1, Math.floor(availableParallelism() / ranks)));
  const command = ["-n", String(ranks), process.execPath, ...args];
  return startServer("mpiexec", command, { TF_NUM_INTRAOP_THREADS: threads });
}

const profile = options.profile ? ["profile"] : [];
const servers = new Map();
for (const engine of options.engines.split(",")) {
  const [name, ranks = "1"] = engine.split("*");
  const args = [part("pretrain-step.mjs"), name, ...profile];
  const started = await startRanks(args, Number(ranks)).catch((error) => error.message);
  if (typeof started === "string") console.log(`${engine}: skipped, ${started}`);
  else servers.set(engine, started);
}
if (existsSync(options.python)) {
  // Threads that wait for each other would count as work.
  const threads = options.profile ? "1" : String(availableParallelism());
  servers.set(
    "pytorch",
    await startServer(options.python, [
      part("pytorch_pretrain.py"),
      threads,
      String(batch),
      String(learningRate),
      ...profile,
    ]),
  );
} else console.log("PyTorch: skipped, no Python with torch was given");

const rounds = Number(options.rounds);
const answers = new Map([...servers.keys()].map((who) => [who, []]));
for (let round = -1; round < rounds; round += 1) {
  for (const [who, { ask }] of servers) {
    const answered = await ask(round < 0 ? 1 : Number(options.steps));
    if (round >= 0) answers.get(who).push(answered);
  }
}
for (const { close } of servers.values()) close();

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
console.log(
  `${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, batch ${batch}, medians of ${rounds} rounds of ${options.steps} steps`,
);
const times = new Map(
  [...answers].map(([who, list]) => [who, median(list.map((each) => each.milliseconds))]),
);
for (const [who, time] of times) {
  const own = answers.get(who);
  const rate = `${((1000 * batch) / time).toFixed(1)} images/s`;
  const share = times.has("pytorch") ? `, ${(times.get("pytorch") / time).toFixed(2)} of PyTorch's rate` : "";
  const outside = own[0].outside;
  const more =
    who === "onnxruntime"
      ? `; ${((100 * median(own.map((each) => each.outside))) / time).toFixed(1)} % outside session.run; ${own.reduce((sum, each) => sum + each.compiled, 0)} graphs compiled after warming up`
      : "";
  const memory =
    outside === undefined ? "" : `; ${Math.max(...own.map((each) => each.memory)).toFixed(0)} MiB resident`;
  const processor = `; ${median(own.map((each) => each.processor)).toFixed(0)} ms of processor time a step`;
  console.log(
    `  ${who.padEnd(12)} ${time.toFixed(0).padStart(6)} ms  ${rate}${share}${processor}${more}${memory}`,
  );
  for (const [name, calls, spent] of own.at(-1).kernels?.slice(0, 16) ?? []) {
    console.log(
      `    ${name.padEnd(44)} ${calls.toFixed(0).padStart(5)} calls ${spent.toFixed(1).padStart(7)} ms`,
    );
  }
}
