/** Training steps of one network on our engines beside PyTorch: each in a process of its own, taking turns; medians of rounds. */
import { existsSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startServer } from "./server.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const part = (name) => fileURLToPath(new URL(name, import.meta.url));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Rounds that warm up. */
const WARM_UP = 3;

/** The options of such a benchmark beside the network's own. */
export const besideOptions = {
  rounds: { type: "string", default: "9" },
  engines: { type: "string", default: "onnxruntime,tensorflow" },
  python: {
    type: "string",
    default: process.env.DIFFTAP_PYTHON ?? resolve(root, ".cache/judge/bin/python"),
  },
};

/** `ours` and `theirs` are scripts beside this file that take shapes as JSON and answer with the step they took. */
export async function besidePyTorch({ ours, theirs, shapes, rounds, engines, python }) {
  const servers = await startServers({ ours, theirs, shapes, engines, python });
  const counts = new Set([...servers.values()].map(({ ready }) => ready.parameters));
  if (counts.size > 1) throw new Error(`not the same network: ${[...counts].join(" and ")} parameters`);
  const answers = await takeTurns(servers, Number(rounds));
  for (const { close } of servers.values()) close();
  console.log(
    `${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, ${JSON.stringify(shapes)}, ${[...counts][0]} parameters, medians of ${rounds} rounds`,
  );
  report(answers);
}

async function startServers({ ours, theirs, shapes, engines, python }) {
  const servers = new Map();
  for (const engine of engines.split(",")) {
    const args = [part(ours), engine, JSON.stringify(shapes)];
    const started = await startServer(process.execPath, args).catch((error) => error.message);
    if (typeof started === "string") console.log(`${engine}: skipped, ${started}`);
    else servers.set(engine, started);
  }
  if (existsSync(python)) {
    const args = [part(theirs), String(availableParallelism()), JSON.stringify(shapes)];
    servers.set("pytorch", await startServer(python, args));
  } else console.log("PyTorch: skipped, no Python with torch was given");
  return servers;
}

async function takeTurns(servers, rounds) {
  const answers = new Map([...servers.keys()].map((who) => [who, []]));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const [who, { ask }] of servers) {
      const answered = await ask("step");
      if (round >= 0) answers.get(who).push(answered);
    }
  }
  return answers;
}

function report(answers) {
  const timesOf = (list) => median(list.map(({ milliseconds }) => milliseconds));
  const theirs = answers.has("pytorch") ? timesOf(answers.get("pytorch")) : undefined;
  for (const [who, list] of answers) {
    const time = timesOf(list);
    const share = theirs === undefined ? "" : `, ${(theirs / time).toFixed(2)} of PyTorch's rate`;
    console.log(
      `  ${who.padEnd(12)} ${time.toFixed(0).padStart(6)} ms, loss ${list.at(-1).loss.toFixed(4)}${share}${engineInWords(list, time)}`,
    );
  }
}

/** Of an engine that counts: what a step costs outside session.run, and graphs that came new. */
function engineInWords(list, time) {
  if (list[0].outside === undefined) return "";
  const outside = (100 * median(list.map((each) => each.outside))) / time;
  const compiled = list.reduce((sum, each) => sum + each.compiled, 0);
  return `; ${outside.toFixed(1)} % outside session.run; ${compiled} graphs compiled after warming up`;
}
