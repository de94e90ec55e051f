/** Stores in which the class shows, and commands as a user types them. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { architectureFromFlags, randomWeights } from "@difftap/backbone";
import { copyToSafetensors } from "@difftap/checkpoint";
import { ndarray } from "@difftap/core";
import { createFeatureStore } from "@difftap/feature-store";
import { parseRequest, requestedArrays, requestHash } from "@difftap/taps";

const bin = resolve(import.meta.dirname, "../dist/bin.js");
const evalBin = resolve(import.meta.dirname, "../../eval/dist/bin.js");

const flags = {
  image_size: 16,
  num_channels: 32,
  num_res_blocks: 1,
  channel_mult: "1,2",
  attention_resolutions: "8",
};
const diffusion = { diffusion_steps: 1000, noise_schedule: "linear", rescale_timesteps: false };

const classes = 3;
export const folder = mkdtempSync(join(tmpdir(), "difftap-train-"));

export interface StoreChoice {
  readonly samples: number;
  /** Classes that occur; three unless given. */
  readonly labels?: number;
}

/** Blocks 2 and 5 at t = 50, as maps 2×2: class k is larger in every third number from k on. */
export async function makeStore(
  name: string,
  { samples, labels: count = classes }: StoreChoice,
): Promise<string> {
  const request = parseRequest({
    taps: [
      { block: 2, pool: 2 },
      { block: 5, pool: 2 },
    ],
    timesteps: [50],
    seed: 1,
    size: 16,
    weights: "0".repeat(64),
    architecture: architectureFromFlags({ flags, diffusion }),
    dataset: { name, count: samples },
  });
  const labels = Int32Array.from({ length: samples }, (_, row) => row % count);
  const arrays = requestedArrays(request).map(({ name: array, sampleShape }) => ({
    name: array,
    sampleShape: [...sampleShape],
  }));
  const features = new Map(
    arrays.map(({ name: array, sampleShape: [width = 0] }) => {
      const data = Float32Array.from({ length: samples * width }, (_, at) => {
        const row = Math.floor(at / width);
        return Math.sin(at * 12.9898) + (at % count === labels[row]! ? 1 : 0);
      });
      return [array, ndarray("float32", [samples, width], data)] as const;
    }),
  );
  const path = join(folder, name);
  const description = {
    request,
    requestHash: requestHash(request),
    samples,
    arrays,
    dtype: "float32" as const,
    chunkSamples: samples,
  };
  const writer = await createFeatureStore(path, description);
  const ids = Array.from({ length: samples }, (_, row) => `${name}-${row}`);
  await writer.writeChunk(0, { features, labels, ids, valid: new Uint8Array(samples).fill(1) });
  await writer.finish();
  return path;
}

/** A small network with random weights, its architecture beside it. */
export async function makeModel(): Promise<string> {
  const weights = join(folder, "model.safetensors");
  const architecture = architectureFromFlags({ flags, diffusion });
  await copyToSafetensors(randomWeights(architecture, 1, { zeroModules: "random" }), weights);
  writeFileSync(join(folder, "model.json"), JSON.stringify({ flags, diffusion }));
  return weights;
}

function start(program: string, argv: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...argv], {
    encoding: "utf8",
    timeout: 110_000,
  });
  return { code: status, out: stdout, err: stderr };
}

export const train = (...argv: string[]) => start(bin, argv);
export const evaluate = (...argv: string[]) => start(evalBin, argv);

/** Starts training and kills it, without warning, once it has said `text`. */
export function killAt(text: string, ...argv: string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [bin, ...argv], { stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.on("data", (data: Buffer) => {
    if (data.toString().includes(text)) child.kill("SIGKILL");
  });
  return new Promise((resolvePromise) => {
    child.on("exit", (_, signal) => resolvePromise(signal));
  });
}
