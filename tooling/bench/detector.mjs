/**
 * Training steps of the dense detector (feature pyramid, towers shared over levels, focal, GIoU and centre-ness losses; SGD with momentum)
 * on our engines beside PyTorch, from maps and targets in memory. Each in a process of its own; they take turns; medians of rounds.
 * Usage: pnpm run bench detector [--rounds 9] [--engines onnxruntime,tensorflow] [--batch 4] [--side 64] [--width 128] [--layers 4]
 *   [--channels 128,256,256] [--classes 20] [--python PYTHON]; side is the finest map's, each next one has half of it, one more follows.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    engines: { type: "string", default: "onnxruntime,tensorflow" },
    batch: { type: "string", default: "4" },
    side: { type: "string", default: "64" },
    width: { type: "string", default: "128" },
    layers: { type: "string", default: "4" },
    channels: { type: "string", default: "128,256,256" },
    classes: { type: "string", default: "20" },
    python: {
      type: "string",
      default: process.env.DIFFTAP_PYTHON ?? resolve(root, ".cache/judge/bin/python"),
    },
  },
});
const shapes = {
  batch: Number(options.batch),
  side: Number(options.side),
  width: Number(options.width),
  layers: Number(options.layers),
  channels: options.channels.split(",").map(Number),
  classes: Number(options.classes),
};
const part = (name) => fileURLToPath(new URL(`./parts/${name}`, import.meta.url));

/** A process that says it is ready, and then answers every line with one of JSON: the step it took. */
async function server(command, args) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => {
    said = `${said}${text}`.slice(-500);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${args.join(" ")} ended: ${said}`);
    return JSON.parse(value);
  };
  const { parameters } = await next();
  const ask = () => {
    child.stdin.write("step\n");
    return next();
  };
  return { ask, parameters, close: () => child.stdin.end() };
}

const servers = new Map();
for (const engine of options.engines.split(",")) {
  const args = [part("detector-step.mjs"), engine, JSON.stringify(shapes)];
  const started = await server(process.execPath, args).catch((error) => error.message);
  if (typeof started === "string") console.log(`${engine}: skipped, ${started}`);
  else servers.set(engine, started);
}
if (existsSync(options.python)) {
  const args = [part("pytorch_detector.py"), String(availableParallelism()), JSON.stringify(shapes)];
  servers.set("pytorch", await server(options.python, args));
} else console.log("PyTorch: skipped, no Python with torch was given");

const counts = new Set([...servers.values()].map(({ parameters }) => parameters));
if (counts.size > 1) throw new Error(`not the same network: ${[...counts].join(" and ")} parameters`);

const rounds = Number(options.rounds);
const answers = new Map([...servers.keys()].map((who) => [who, []]));
for (let round = -3; round < rounds; round += 1) {
  for (const [who, { ask }] of servers) {
    const answered = await ask();
    if (round >= 0) answers.get(who).push(answered);
  }
}
for (const { close } of servers.values()) close();

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
console.log(
  `${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, ${JSON.stringify(shapes)}, ${[...counts][0]} parameters, medians of ${rounds} rounds`,
);
const times = new Map(
  [...answers].map(([who, list]) => [who, median(list.map(({ milliseconds }) => milliseconds))]),
);
for (const [who, time] of times) {
  const list = answers.get(who);
  const share = times.has("pytorch") ? `, ${(times.get("pytorch") / time).toFixed(2)} of PyTorch's rate` : "";
  const compiled = list.reduce((sum, each) => sum + (each.compiled ?? 0), 0);
  const more =
    list[0].outside === undefined
      ? ""
      : `; ${((100 * median(list.map((each) => each.outside))) / time).toFixed(1)} % outside session.run; ${compiled} graphs compiled after warming up`;
  console.log(
    `  ${who.padEnd(12)} ${time.toFixed(0).padStart(6)} ms, loss ${list.at(-1).loss.toFixed(4)}${share}${more}`,
  );
}
