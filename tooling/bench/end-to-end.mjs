/**
 * The whole command — decoding, noise, network, pooling, store — beside a bare ONNX Runtime session that is fed one
 * ready batch again and again. They take turns; medians of images/s.
 * Usage: pnpm run bench end-to-end --dataset SPEC [--model FOLDER] [--blocks 9] [--count 4000] [--rounds 5]
 *   FOLDER holds architecture.json and a .pt file.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseArchitecture } from "../../packages/backbone/dist/index.js";
import { ndarray, normals, streams } from "../../packages/core/dist/index.js";
import { bareSession } from "./parts/bare-session.mjs";

const root = resolve(import.meta.dirname, "../..");
const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: join(root, "../shared/fixtures/cifar10") },
    dataset: {
      type: "string",
      default: `webdataset:${join(root, "../shared/data/cifar10/cifar10-train-000000.tar.gz")}`,
    },
    blocks: { type: "string", default: "9" },
    count: { type: "string", default: "4000" },
    rounds: { type: "string", default: "5" },
  },
});
const BATCH = 32;
const TIMESTEP = 50;
const count = Number(options.count);
const weights = join(
  options.model,
  readdirSync(options.model).find((file) => file.endsWith(".pt")),
);
const architectureFile = join(options.model, "architecture.json");
const architecture = parseArchitecture(JSON.parse(readFileSync(architectureFile, "utf8")));
const side = architecture.imageSize;
const shape = [BATCH, 3, side, side];
const noise = ndarray("float32", shape, normals({ seed: 1, stream: streams.noise }, BATCH * 3 * side * side));
const pixels = Uint8Array.from(noise.data, (value) => Math.max(0, Math.min(255, 128 + 60 * value)));
const taps = options.blocks.split(",").map((block) => ({ block: Number(block), pool: 2 }));
const images = ndarray("uint8", shape, pixels);
const bare = await bareSession({
  architecture,
  weights,
  taps,
  images,
  noise,
  timestep: TIMESTEP,
  cores: availableParallelism(),
});

const rates = { command: [], bare: [] };
for (let round = 0; round < Number(options.rounds); round += 1) {
  rates.command.push(command());
  rates.bare.push(await bareRate());
}
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const [ours, theirs] = [median(rates.command), median(rates.bare)];
console.log(
  `${count} images, block ${options.blocks}, batch ${BATCH}, median of ${options.rounds} rounds, images/s`,
);
console.log(
  `difftap-eval features ${ours.toFixed(1)}   bare session ${theirs.toFixed(1)}   ratio ${(ours / theirs).toFixed(2)}`,
);

function command() {
  const out = mkdtempSync(join(tmpdir(), "difftap-bench-"));
  const argv = [
    "--dataset",
    options.dataset,
    "--count",
    String(count),
    "--weights",
    weights,
    "--architecture",
    architectureFile,
  ];
  const taps = ["--blocks", options.blocks, "--timesteps", String(TIMESTEP), "--batch", String(BATCH)];
  const bin = join(root, "apps/eval/dist/bin.js");
  const { stdout } = spawnSync(
    process.execPath,
    [bin, "features", ...argv, ...taps, "--out", join(out, "store"), "--json"],
    { encoding: "utf8" },
  );
  rmSync(out, { recursive: true });
  return JSON.parse(stdout).imagesPerSecond;
}

async function bareRate() {
  const batches = Math.ceil(count / BATCH);
  const started = performance.now();
  for (let index = 0; index < batches; index += 1) await bare();
  return (1000 * batches * BATCH) / (performance.now() - started);
}
