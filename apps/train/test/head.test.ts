/** Training a head from stores, as a user types it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { architectureFromFlags } from "@difftap/backbone";
import { ndarray } from "@difftap/core";
import { createFeatureStore } from "@difftap/feature-store";
import { readRunFolder } from "@difftap/run-folder";
import { parseRequest, requestHash } from "@difftap/taps";
import { beforeAll, expect, test } from "vitest";

const bin = resolve(import.meta.dirname, "../dist/bin.js");
const folder = mkdtempSync(join(tmpdir(), "difftap-train-"));
const classes = 3;
const width = 32 * 4;

/** A store of features in which the class shows: class k is larger in every third channel from k on. */
async function makeStore(name: string, samples: number): Promise<string> {
  const architecture = architectureFromFlags({
    flags: {
      image_size: 16,
      num_channels: 32,
      num_res_blocks: 1,
      channel_mult: "1,2",
      attention_resolutions: "8",
    },
    diffusion: { diffusion_steps: 1000, noise_schedule: "linear", rescale_timesteps: false },
  });
  const request = parseRequest({
    taps: [{ block: 2, pool: 2 }],
    timesteps: [50],
    seed: 1,
    size: 16,
    weights: "0".repeat(64),
    architecture,
    dataset: { name, count: samples },
  });
  const labels = Int32Array.from({ length: samples }, (_, row) => row % classes);
  const data = Float32Array.from({ length: samples * width }, (_, at) => {
    const row = Math.floor(at / width);
    return Math.sin(at * 12.9898) + (at % classes === labels[row]! ? 1 : 0);
  });
  const path = join(folder, name);
  const description = {
    request,
    requestHash: requestHash(request),
    samples,
    arrays: [{ name: "t50/b02", sampleShape: [width] }],
    dtype: "float32" as const,
    chunkSamples: samples,
  };
  const writer = await createFeatureStore(path, description);
  const ids = Array.from({ length: samples }, (_, row) => `${name}-${row}`);
  const features = new Map([["t50/b02", ndarray("float32", [samples, width], data)]]);
  await writer.writeChunk(0, { features, labels, ids, valid: new Uint8Array(samples).fill(1) });
  await writer.finish();
  return path;
}

let train: string;
let validation: string;
beforeAll(async () => {
  train = await makeStore("train", 300);
  validation = await makeStore("test", 150);
});

function run(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [bin, "head", "--train", train, "--test", validation, ...argv],
    { encoding: "utf8", timeout: 110_000 },
  );
  return { code: status, out: stdout, err: stderr };
}

test("a linear head learns, leaves a whole run folder, and ends the same when run again", async () => {
  const out = join(folder, "run");
  const argv = ["--epochs", "4", "--batch", "32", "--learning-rate", "0.1", "--out", out, "--json"];
  const first = run(...argv);
  expect(first.code, first.err).toBe(0);
  const printed = JSON.parse(first.out) as { top1: number; n: number; steps: number; interval: number[] };
  expect(printed).toMatchObject({ n: 150, steps: 40, split: "test", seeds: [0] });
  expect(printed.top1).toBeGreaterThan(95);
  const { results, metrics, environment } = await readRunFolder(out);
  expect(results!.results[0]!.value).toBe(printed.top1);
  expect(results!.curves!.map(({ name }) => name)).toContain("training loss");
  expect(metrics.filter(({ split }) => split === "train")).toHaveLength(40);
  expect(environment!.engine).toBe("wasm");
  expect(JSON.parse(run(...argv).out)).toEqual(printed);
});

test.each([
  [["--arrays", "t50/b07"], 2, "t50/b02"],
  [["--head", "lineer"], 2, "linear"],
  [["--spec", "{pool"], 2, "--spec is not JSON"],
  [["--engine", "cuda"], 1, "ENGINE_MISSING"],
  [["--batch", "301"], 2, "300"],
  [["--preset", "paper"], 2, "paper-linear"],
])("%j is refused and explained", (argv, code, text) => {
  const refused = run("--out", join(folder, "refused"), ...argv);
  expect(refused.err).toContain(text);
  expect(refused.code).toBe(code);
});
