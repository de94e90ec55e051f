/** Pretraining, as a user types it. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { architectureFromFlags, parameterShapes } from "@difftap/backbone";
import { openWeights } from "@difftap/checkpoint";
import { readRunFolder } from "@difftap/run-folder";
import { describe, expect, test } from "vitest";
import { folder, killAt, train } from "./world.js";

const python = process.env.DIFFTAP_PYTHON ?? resolve(import.meta.dirname, "../../../.cache/judge/bin/python");
const missing = !existsSync(python);

const json = {
  flags: {
    image_size: 16,
    num_channels: 32,
    num_res_blocks: 1,
    channel_mult: "1,2",
    attention_resolutions: "8",
    learn_sigma: true,
    dropout: 0.1,
  },
};
const shapes = parameterShapes(architectureFromFlags(json));
const file = join(folder, "backbone.json");
writeFileSync(file, JSON.stringify(json));

const scenes = ["--data", "scenes:count=24,size=16,seed=1"];
const common = ["backbone", "--architecture", file, ...scenes, "--batch", "4", "--clip-norm", "1"];
const few = ["--samples", "4", "--sample-steps", "3"];

async function readAll(path: string): Promise<Map<string, unknown>> {
  const source = await openWeights(path);
  const tensors = new Map<string, unknown>();
  for (const name of source.tensors.keys()) tensors.set(name, await source.read(name));
  await source.close();
  return tensors;
}

const checkpointsOf = (out: string) =>
  readdirSync(join(folder, out, "checkpoints")).filter((name) => name.endsWith(".safetensors"));

test("a run leaves curves, grids, and weights under the reference's names; a second one begins from them", async () => {
  const out = join(folder, "pretrained");
  const own = [
    "--steps",
    "6",
    "--warm-up",
    "2",
    "--ema",
    "0.9,0.5",
    "--samples-every",
    "4",
    "--checkpoint-every",
    "1",
  ];
  const first = train(...common, ...few, ...own, "--keep-every", "4", "--out", out, "--json");
  expect(first.code, first.err).toBe(0);
  expect(JSON.parse(first.out)).toMatchObject({ steps: 6, resumedFrom: 0, images: 24, seed: 0 });
  const { results, metrics } = await readRunFolder(out);
  expect(results).toMatchObject({
    kind: "pretraining",
    samples: { count: 4, steps: 3, size: 16 },
    seeds: [0],
  });
  expect(results!.curves!.map(({ name }) => name)).toEqual([
    "squared error",
    "variational term",
    "learning rate",
  ]);
  expect(results!.results.map(({ metric, n }) => [metric, n])).toEqual([
    ["squared error", 24],
    ["variational term", 24],
  ]);
  expect(metrics).toHaveLength(6);
  expect(readdirSync(join(out, "samples"))).toEqual(["step-00000004.png", "step-00000006.png"]);
  expect(checkpointsOf("pretrained")).toEqual([4, 5, 6].map((step) => `step-0000000${step}.safetensors`));
  const [safe, pt] = [
    await readAll(join(out, "weights.safetensors")),
    await readAll(join(out, "weights.pt")),
  ];
  expect([...pt.keys()].sort()).toEqual([...shapes.keys()].sort());
  expect(Object.fromEntries(pt)).toEqual(Object.fromEntries(safe));
  for (const name of ["weights-0.5.safetensors", "weights-raw.safetensors"]) {
    expect((await readAll(join(out, name))).size).toBe(shapes.size);
  }

  const next = join(folder, "second");
  const init = [
    "--init",
    join(out, "weights.pt"),
    "--steps",
    "1",
    "--schedule",
    '{"kind":"linear","final":0.02}',
  ];
  const second = train(
    ...common,
    ...init,
    "--learning-rate",
    "0.0000001",
    "--samples",
    "0",
    "--half",
    "--out",
    next,
    "--json",
  );
  expect(second.code, second.err).toBe(0);
  const halves = (await readAll(join(next, "weights.safetensors"))) as Map<
    string,
    { dtype: string; shape: number[] }
  >;
  for (const { dtype, shape } of halves.values())
    expect(dtype).toBe(shape.length < 2 ? "float32" : "float16");
  const again = train(...common, ...few, ...own, "--keep-every", "4", "--out", out, "--json");
  expect(JSON.parse(again.out)).toMatchObject({ steps: 6, resumedFrom: 6, images: 0 });
  expect((await readRunFolder(out)).results).toEqual(results);
}, 240_000);

test.skipIf(missing)(
  `PyTorch loads the .pt${missing ? " (skipped: DIFFTAP_PYTHON is not there)" : ""}`,
  () => {
    const path = join(folder, "pretrained", "weights.pt");
    const script = `import json, torch
state = torch.load(${JSON.stringify(path)}, weights_only=True)
print(json.dumps({k: list(v.shape) for k, v in state.items()}))`;
    const said = JSON.parse(execFileSync(python, ["-c", script], { encoding: "utf8", timeout: 120_000 }));
    expect(said).toEqual(Object.fromEntries(shapes));
  },
  150_000,
);

test("killed without warning and run again, it ends bit for bit as a run that was not", async () => {
  const own = [
    "--steps",
    "5",
    "--checkpoint-every",
    "1",
    "--timestep-sampling",
    "loss-second-moment",
    "--samples",
    "0",
  ];
  const argv = (out: string) => [...common, ...own, "--out", join(folder, out)];
  expect(await killAt("training:", ...argv("cut"))).toBe("SIGKILL");
  expect(existsSync(join(folder, "cut", "results.json"))).toBe(false);
  for (const out of ["cut", "uncut"]) expect(train(...argv(out)).code).toBe(0);
  const name = checkpointsOf("uncut").at(-1)!;
  const [cut, uncut] = ["cut", "uncut"].map((out) => join(folder, out, "checkpoints", name));
  expect(readFileSync(cut!).equals(readFileSync(uncut!))).toBe(true);
  const metricsOf = (out: string) => readFileSync(join(folder, out, "metrics.jsonl"), "utf8");
  expect(metricsOf("cut")).toBe(metricsOf("uncut"));
}, 240_000);

test("blocks that are run again for their gradient have the engine give memory back, and teach the same", async () => {
  const own = ["--steps", "3", "--samples", "0"];
  const [plain, again] = ["plain", "recomputed"].map((out, recomputed) =>
    train(...common, ...own, ...(recomputed ? ["--recompute"] : []), "--out", join(folder, out)),
  );
  for (const { code, err } of [plain!, again!]) expect(code, err).toBe(0);
  expect(plain!.err).not.toContain("memory given back");
  expect(again!.err).toContain("all cores, memory given back");
  const [one, other] = await Promise.all(
    ["plain", "recomputed"].map(async (out) => (await readRunFolder(join(folder, out))).metrics),
  );
  for (const [index, { values }] of one!.entries())
    expect(other![index]!.values.loss).toBeCloseTo(values.loss!, 4);
});

test("the U-Net learns a few pictures by heart", async () => {
  const out = join(folder, "few");
  const data = ["--data", "scenes:count=4,size=16,seed=1", "--flip", "0", "--dropout", "0"];
  const own = ["--steps", "45", "--learning-rate", "0.002", "--warm-up", "5", "--ema", "0.9"];
  const { code, err } = train(...common, ...data, ...own, "--samples", "0", "--out", out);
  expect(code, err).toBe(0);
  const { metrics } = await readRunFolder(out);
  const mean = (lines: typeof metrics) =>
    lines.reduce((sum, { values }) => sum + values.mse!, 0) / lines.length;
  expect(mean(metrics.slice(0, 3))).toBeGreaterThan(0.8);
  expect(mean(metrics.slice(-15))).toBeLessThan(0.3);
}, 240_000);

describe("bad input is refused and explained", () => {
  test.each([
    ["no duration", [], 2, "how long to train is not given"],
    ["two durations", ["--steps", "2", "--epochs", "1"], 2, "the duration is given as steps and epochs"],
    [
      "an architecture that is nowhere",
      ["--steps", "2", "--architecture", "256x256"],
      2,
      "no published model",
    ],
    ["a flag that is none", ["--steps", "2", "--architecture", '{"flags":{"image_siz":16}}'], 2, "image_siz"],
    ["an unknown loss", ["--steps", "2", "--loss", "L1"], 2, "RESCALED_MSE"],
    ["a batch that parts do not divide", ["--steps", "2", "--accumulate", "3"], 2, "cannot be divided"],
    ["weights of another network", ["--steps", "2", "--init", "HEAD"], 3, "missing"],
    ["a warm-up of no length", ["--steps", "2", "--warm-up", "soon"], 2, "--warm-up"],
  ])("%s", async (_, argv, code, text) => {
    const wrong = join(folder, "wrong.safetensors");
    const { writeSafetensors } = await import("@difftap/checkpoint");
    const { ndarray } = await import("@difftap/core");
    await writeSafetensors(wrong, { "fc.weight": ndarray("float32", [2]) });
    const given = argv.map((word) => (word === "HEAD" ? wrong : word));
    const refused = train(...common, "--out", join(folder, "refused"), ...given);
    expect(refused.err).toContain(text);
    expect(refused.code).toBe(code);
  });
});
