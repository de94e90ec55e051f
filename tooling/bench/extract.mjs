/**
 * Feature extraction: our sessions beside a bare ONNX Runtime session on the same graph and batch, beside PyTorch on
 * the same taps, and what ending at a block saves. Everything alternates in one run; medians.
 * Usage: pnpm run bench extract [--model FOLDER] [--batch 32] [--rounds 15] [--cores N] [--python PYTHON]
 *   FOLDER holds architecture.json and a .pt file; PYTHON has torch (default: .cache/judge/bin/python), "" skips it.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { macsUpTo, parseArchitecture } from "../../packages/backbone/dist/index.js";
import { openOnnxBackbone } from "../../packages/backbone-onnx/dist/index.js";
import { ndarray, normals, streams } from "../../packages/core/dist/index.js";
import { bareSession } from "./parts/bare-session.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const root = resolve(folder, "../..");
const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: join(root, "../shared/fixtures/cifar10") },
    batch: { type: "string", default: "32" },
    rounds: { type: "string", default: "15" },
    cores: { type: "string", default: String(availableParallelism()) },
    python: { type: "string", default: process.env.DIFFTAP_PYTHON ?? join(root, ".cache/judge/bin/python") },
  },
});
const count = Number(options.batch);
const cores = Number(options.cores);
const TIMESTEP = 50;
/** Batches of one measurement: extraction is a stream, so what matters is the rate of one. */
const STREAM = 6;
/** Threads that spin after their work are asleep again after this. */
const PAUSE = 250;

const settings = join(options.model, "architecture.json");
const architecture = parseArchitecture(JSON.parse(readFileSync(settings, "utf8")));
const weights = join(
  options.model,
  readdirSync(options.model).find((name) => name.endsWith(".pt")),
);
const side = architecture.imageSize;
const shape = [count, 3, side, side];
const pixels = Uint8Array.from({ length: count * 3 * side * side }, (_, index) => (index * 7919) % 256);
const batch = {
  images: ndarray("uint8", shape, pixels),
  noise: ndarray("float32", shape, normals({ seed: 1, stream: streams.noise }, pixels.length)),
  timesteps: new Array(count).fill(TIMESTEP),
};

const backbone = await openOnnxBackbone({ architecture, weights, workers: cores, threads: 1 });
const blocks = backbone.blocks.length;
const every = Array.from({ length: blocks }, (_, index) => ({ block: index + 1, pool: 2 }));
const middleOfDecoder = Math.min(blocks, Math.ceil(blocks * 0.65));
const requests = {
  "all blocks": { taps: every, torch: { block: blocks, all: true } },
  [`up to block ${middleOfDecoder}`]: {
    taps: [{ block: middleOfDecoder, pool: 2 }],
    torch: { block: middleOfDecoder },
  },
};

/** PyTorch in a process of its own, one request at a time. */
async function pytorch() {
  if (options.python === "" || !existsSync(options.python)) return undefined;
  const child = spawn(options.python, [join(folder, "pytorch_taps.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("PyTorch ended");
    return JSON.parse(value);
  };
  await ask({ weights, architecture: settings, threads: cores });
  const measure = async (request) =>
    (await ask({ batch: count, pool: 2, timestep: TIMESTEP, ...request })).milliseconds;
  return { measure, close: () => child.stdin.end() };
}

/** Runs as often as a measurement has batches; the sum of what the runs give. */
async function oneAfterAnother(run) {
  let sum = 0;
  for (let index = 0; index < STREAM; index += 1) sum += Number(await run());
  return sum;
}

const timed = (run) => async () => {
  const started = performance.now();
  await run();
  return performance.now() - started;
};
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

/** Medians in milliseconds of measurements that take turns. */
async function alternate(measurements, rounds) {
  const times = Object.fromEntries(Object.keys(measurements).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, measure] of Object.entries(measurements)) {
      const time = await measure();
      if (round >= 0) times[name].push(time);
      await sleep(PAUSE);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, each]) => [name, median(each)]));
}

const torch = await pytorch();
const rounds = Number(options.rounds);
console.log(
  `${cores} cores, batch ${count}, ${side} px, ${blocks} blocks, median of ${rounds} rounds, images/s`,
);
for (const [name, { taps, torch: request }] of Object.entries(requests)) {
  const session = await backbone.prepare(taps);
  const bare = await bareSession({
    architecture,
    weights,
    taps,
    images: batch.images,
    noise: batch.noise,
    timestep: TIMESTEP,
    cores,
  });
  const measurements = {
    difftap: timed(() => Promise.all(Array.from({ length: STREAM }, () => session.run(batch)))),
    bare: timed(() => oneAfterAnother(bare)),
  };
  if (torch) measurements.pytorch = () => oneAfterAnother(() => torch.measure(request));
  const times = await alternate(measurements, rounds);
  await session.close();
  const images = STREAM * count;
  const rates = Object.entries(times).map(([who, time]) => `${who} ${((1000 * images) / time).toFixed(1)}`);
  const ratios = Object.keys(times)
    .slice(1)
    .map((who) => `difftap/${who} ${(times[who] / times.difftap).toFixed(2)}`);
  console.log(`${name.padEnd(16)} ${[...rates, ...ratios].join("   ")}`);
}
if (!torch) console.log("PyTorch: skipped, no Python with torch was given");
torch?.close();

const costs = macsUpTo(architecture, { height: side, width: side });
const sessions = {};
for (let block = 1; block <= blocks; block += 1) {
  const session = await backbone.prepare([{ block, pool: 2 }]);
  sessions[block] = timed(() => session.run(batch));
}
const times = await alternate(sessions, Math.ceil(rounds / 3));
console.log("early exit: block, images/s, gain over the last block, gain by multiplications");
for (let block = 1; block <= blocks; block += 1) {
  const gain = times[blocks] / times[block];
  const expected = costs[blocks - 1] / costs[block - 1];
  const rate = ((1000 * count) / times[block]).toFixed(1);
  console.log(
    `${String(block).padStart(5)} ${rate.padStart(10)} ${gain.toFixed(2).padStart(8)} ${expected.toFixed(2).padStart(8)}`,
  );
}
await backbone.close();
