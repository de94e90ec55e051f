/** The commands on a small generated network: what they print, what they write, and that they continue. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { blockTable } from "@difftap/backbone";
import { copyToSafetensors, memoryWeights, openWeights } from "@difftap/checkpoint";
import { ndarray, toFloat32 } from "@difftap/core";
import { readRunFolder } from "@difftap/run-folder";
import { beforeAll, describe, expect, test } from "vitest";
import { EMBEDDED_MODEL, openModel } from "../dist/index.js";
import { run, runIn, smallModel } from "./world.js";

let folder: string;
let weights: string;
beforeAll(async () => {
  ({ folder, weights } = await smallModel());
});

const scenes = (count: number, seed: number) => `scenes:count=${count},size=16,seed=${seed}`;

test("taps lists every block of the embedded model, as a table and as JSON", async () => {
  const { architecture, source } = await openModel({ weights: EMBEDDED_MODEL });
  await source.close();
  const blocks = blockTable(architecture);
  const { code, out } = run("taps");
  expect(code).toBe(0);
  expect(out.trim().split("\n")).toHaveLength(1 + blocks.length);
  const rows = JSON.parse(run("taps", "--json").out) as unknown[];
  expect(rows).toHaveLength(blocks.length);
  for (const [index, { number, channels, mirror }] of blocks.entries())
    expect(rows[index]).toMatchObject({ block: number, channels, mirror });
});

test("taps knows the published models without their weights", () => {
  const rows = JSON.parse(run("taps", "--weights", "256x256_diffusion_uncond.pt", "--json").out) as {
    gmac: number;
  }[];
  expect(rows).toHaveLength(37);
  expect(rows[23]!.gmac).toBeCloseTo(319.6, 1);
});

test("features computes a store once; the same command again has nothing to do", () => {
  const argv = [
    "features",
    "--weights",
    weights,
    "--dataset",
    scenes(50, 1),
    "--blocks",
    "2,5",
    "--timesteps",
    "10,clean",
    "--batch",
    "8",
    "--out",
    join(folder, "store"),
    "--json",
  ];
  const first = run(...argv);
  expect(first.code).toBe(0);
  expect(JSON.parse(first.out)).toMatchObject({ samples: 50, computed: 50, complete: true });
  expect(JSON.parse(run(...argv).out)).toMatchObject({ computed: 0, complete: true });
  expect(existsSync(join(folder, "store/clean/b05/zarr.json"))).toBe(true);
});

test("shards that run apart make the store that one run makes", () => {
  const argv = (out: string, ...extra: string[]) =>
    run(
      "features",
      "--weights",
      weights,
      "--dataset",
      scenes(2100, 3),
      "--blocks",
      "1",
      "--batch",
      "16",
      "--out",
      join(folder, out),
      ...extra,
    );
  expect(argv("whole").code).toBe(0);
  expect(argv("parts", "--shard", "1/2").out).toContain("other shards");
  expect(argv("parts", "--shard", "0/2", "--workers", "2").out).toContain("complete");
  expect(bytesBelow(join(folder, "parts"))).toEqual(bytesBelow(join(folder, "whole")));
});

/** Every file's content, the times left out. */
function bytesBelow(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith("times"));
  return Object.fromEntries(
    paths.sort().map((path) => [path, readFileSync(join(root, path)).toString("base64")]),
  );
}

test("--emit prints an array job of the same command", () => {
  const { out, code } = run(
    "features",
    "--dataset",
    "folder:a b",
    "--out",
    "x.zarr",
    "--emit",
    "slurm",
    "--shards",
    "4",
  );
  expect(code).toBe(0);
  expect(out).toContain("#SBATCH --array=0-3");
  expect(out).toContain("exec difftap-eval features --dataset 'folder:a b' --out x.zarr\n");
  const job = run("features", "--dataset", "folder:a", "--out", "x.zarr", "--emit", "kubernetes").out;
  expect(job).toContain("completionMode: Indexed");
  expect(job).toContain("completions: 8");
});

test("grid, probe and knn end in numbers with protocol, n and interval, and the grid continues", async () => {
  const out = join(folder, "run");
  const argv = [
    "grid",
    "--weights",
    weights,
    "--train",
    scenes(160, 1),
    "--test",
    scenes(80, 2),
    "--blocks",
    "2,5",
    "--timesteps",
    "10,100",
    "--batch",
    "16",
    "--out",
    out,
    "--json",
  ];
  const grid = run(...argv);
  expect(grid.code, grid.err).toBe(0);
  const printed = JSON.parse(grid.out) as {
    top1: number[][];
    best: { block: number };
    baselines: { name: string }[];
  };
  expect(printed.top1).toHaveLength(2);
  expect(printed.baselines.map(({ name }) => name)).toEqual([
    "random weights",
    "raw pixels",
    "pixels averaged to 8×8",
  ]);
  const { results } = await readRunFolder(out);
  expect(results!.grid!.top1).toEqual(printed.top1);
  expect(results!.confusion!.matrix.flat().reduce((sum, count) => sum + count)).toBe(80);
  rmSync(join(out, "results.json"));
  const again = run(...argv);
  expect(JSON.parse(again.out)).toEqual(printed);

  const stores = [
    "--train",
    join(out, "features/train"),
    "--test",
    join(out, "features/test"),
    "--array",
    "t100/b05",
  ];
  const probe = JSON.parse(run("probe", ...stores, "--json").out) as { top1: number; n: number };
  expect(probe).toMatchObject({ n: 80, protocol: "solved linear probe, L2 0.003" });
  expect(probe.top1).toBeCloseTo(printed.top1[1]![1]!, 10);
  expect(run("probe", ...stores, "--sweep").out).toContain("chosen on held-out training images");
  const knn = JSON.parse(run("knn", ...stores, "--k", "1,20", "--json").out) as { results: { k: number }[] };
  expect(knn.results.map(({ k }) => k)).toEqual([1, 20]);
});

describe("verify", () => {
  test("passes on its own output and fails, naming the tensor, when one number is off", async () => {
    const x = ndarray(
      "float32",
      [1, 3, 16, 16],
      Float32Array.from({ length: 768 }, (_, i) => Math.sin(i)),
    );
    const timesteps = ndarray("float32", [1], Float32Array.of(17.5));
    const wrong = ndarray(
      "float32",
      [1, 32, 16, 16],
      Float32Array.from({ length: 32 * 256 }, (_, i) => Math.cos(i)),
    );
    const path = join(folder, "expected.safetensors");
    await copyToSafetensors(memoryWeights({ x, timesteps, "block.01": wrong }), path);
    const failed = run("verify", "--weights", weights, "--expected", path);
    expect(failed.code).toBe(1);
    expect(failed.err).toContain("block.01");
    const kept = await openWeights(path);
    expect(toFloat32(await kept.read("timesteps"))[0]).toBe(17.5);
    await kept.close();
  });
});

test("a cluster's environment says which shard a process is", () => {
  const argv = [
    "features",
    "--weights",
    weights,
    "--dataset",
    scenes(40, 4),
    "--blocks",
    "1",
    "--batch",
    "8",
    "--json",
  ];
  const outcome = runIn(
    { JOB_COMPLETION_INDEX: "0", SHARD_COUNT: "2" },
    ...argv,
    "--out",
    join(folder, "cluster"),
  );
  expect(JSON.parse(outcome.out)).toMatchObject({ computed: 0, complete: false });
});
