/** Heads, detectors and segmenters on images of several sizes, as a user types them. */
import { join } from "node:path";
import { readRunFolder, type TrainedHead } from "@difftap/run-folder";
import { latestCheckpoint } from "@difftap/trainer";
import { beforeAll, expect, test, vi } from "vitest";
import { evaluate, folder, makeModel, train } from "./world.js";

// A small network on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

let weights: string;
beforeAll(async () => {
  weights = await makeModel();
});

const sets = ["scenes:count=40,size=48,seed=1", "scenes:count=20,size=48,seed=2"] as const;
const sizes = ["--sizes", "24,16,16x32"];
const blocks = ["--blocks", "2,5", "--timesteps", "10", "--pool", "2", "--batch", "16"];
const small = { width: 16, heads: 2, layers: 1 };
const difformer = JSON.stringify({ ...small, positions: "learned" });

interface Printed {
  readonly heads: readonly TrainedHead[];
}
const top1Of = (out: string) => (JSON.parse(out) as Printed).heads[0]!.runs[0]!.top1.value;
const measured = (...argv: string[]) => {
  const { code, out, err } = evaluate("head", ...argv, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out) as { top1: number; taps: string[] };
};

test("difformer on three sizes: kept, from stores, and evaluated from either, it is one head", async () => {
  const paths = sets.map((_, index) => join(folder, `sized-${index}`));
  for (const [index, images] of sets.entries()) {
    const argv = ["--dataset", images, "--weights", weights, ...sizes, ...blocks, "--seed", "0"];
    expect(evaluate("features", ...argv, "--out", paths[index]!).code).toBe(0);
  }
  const recipe = ["--head", "difformer", "--spec", difformer, "--optimizer", "adamw", "--epochs", "2"];
  const out = (name: string) => ["--out", join(folder, name), "--json"];
  const read = ["--train", sets[0], "--test", sets[1], "--weights", weights, ...sizes, ...blocks];
  const kept = train("head", ...read, "--keep-features", ...recipe, ...out("sizes-kept"));
  expect(kept.code, kept.err).toBe(0);
  const stored = train(
    "head",
    "--train",
    paths[0]!,
    "--test",
    paths[1]!,
    "--batch",
    "16",
    ...recipe,
    ...out("sizes-stored"),
  );
  expect(stored.code, stored.err).toBe(0);
  const [one, other] = await Promise.all(
    ["sizes-kept", "sizes-stored"].map((name) => latestCheckpoint(join(folder, name, "checkpoints"))),
  );
  expect(one!.models[0]!.tensors).toEqual(other!.models[0]!.tensors);
  expect(one!.models[0]!.description).toMatchObject({ size: { height: 24, width: 24 } });

  const run = ["--run", join(folder, "sizes-kept")];
  const fromImages = measured(...run, "--test", sets[1], "--weights", weights);
  const fromStore = measured(...run, "--test", paths[1]!);
  expect(fromImages.taps).toEqual(
    ["", "@16", "@16x32"].flatMap((size) => [`t10/b02${size}`, `t10/b05${size}`]),
  );
  expect(fromImages.top1).toBeCloseTo(top1Of(kept.out), 9);
  expect(fromStore.top1).toBeCloseTo(fromImages.top1, 9);

  const { results } = await readRunFolder(join(folder, "sizes-kept"));
  expect(results!.tapShares![0]!.taps.map(({ tap }) => tap)).toEqual(fromImages.taps);
  // A map of another shape is not laid over a square picture.
  const [example] = results!.attention![0]!.examples;
  expect(example!.maps.map(({ tap }) => tap)).toEqual(fromImages.taps.slice(0, 4));
});

test("its analysis probes every tap by itself, and pictures are not drawn by it", async () => {
  const out = join(folder, "sizes-analysis");
  const run = join(folder, "sizes-kept");
  const read = [
    "--weights",
    weights,
    "--train",
    sets[0],
    "--test",
    sets[1],
    "--blocks",
    "2",
    "--timesteps",
    "10",
  ];
  const { code, err } = evaluate(
    "analyze",
    ...read,
    "--parts",
    "fusion",
    "--heads",
    run,
    "--l2",
    "1",
    "--out",
    out,
  );
  expect(code, err).toBe(0);
  const { results } = await readRunFolder(out);
  const { stages } = results!.analysis!.fusion![0]!;
  expect(stages.map(({ name }) => name)).toEqual([
    ...["", "@16", "@16x32"].flatMap((size) => [`t10/b02${size}`, `t10/b05${size}`]),
    "all taps side by side",
    "fused by difformer",
  ]);
  const widths = stages.map(({ dimensions }) => dimensions);
  expect(widths[6]).toBe(widths.slice(0, 6).reduce((sum, width) => sum + width));

  const drawn = ["--weights", weights, "--count", "1", "--steps", "2", "--out", join(folder, "drawn")];
  const guided = evaluate("sample", ...drawn, "--guide-head", run, "--labels", "0");
  expect(guided.code).toBe(2);
  expect(guided.err).toContain("reads images of several sizes");
});

test("every other head reads several sizes of one place; weighted weighs them; DifFeed refuses", async () => {
  const list = [
    { head: "linear", arrays: ["t10/b05", "t10/b05@16"] },
    { head: "mlp", arrays: ["t10/b05", "t10/b05@16x32"], spec: { hidden: [8] } },
    { head: "cnn", arrays: ["t10/b02", "t10/b02@16"], spec: { channels: [8], pool: 2 } },
    { head: "attention", arrays: ["t10/b05", "t10/b05@16"], spec: small },
    { head: "weighted", spec: { width: 8 } },
  ];
  const read = [
    "--train",
    sets[0],
    "--test",
    sets[1],
    "--weights",
    weights,
    ...sizes,
    ...blocks,
    "--epochs",
    "1",
  ];
  const out = join(folder, "sizes-list");
  const { code, err } = train("head", ...read, "--heads", JSON.stringify(list), "--out", out);
  expect(code, err).toBe(0);
  const { results } = await readRunFolder(out);
  expect(results!.heads!.map(({ head }) => head)).toEqual(list.map(({ head }) => head));
  const weighed = results!.tapWeights![0]!.taps;
  expect(weighed).toHaveLength(6);
  const model = ["--model", "linear, seed 0"];
  const linear = measured("--run", out, "--test", sets[1], "--weights", weights, ...model);
  expect(linear.taps).toEqual(["t10/b05", "t10/b05@16"]);
  expect(linear.top1).toBeCloseTo(results!.heads![0]!.runs[0]!.top1.value, 9);
  const refused = evaluate(
    "head",
    "--run",
    out,
    "--test",
    sets[1],
    "--weights",
    weights,
    ...model,
    "--size",
    "32",
  );
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("leave --size out") });

  const feedback = ["--head", "diffeed", "--spec", '{"feedback":{"blocks":[8]},"width":16,"heads":2}'];
  const fed = train("head", ...read, ...feedback, "--blocks", "8", "--out", join(folder, "sizes-fed"));
  expect(fed.code).toBe(2);
  expect(fed.err).toContain("difformer fuses several");
});

test("a head with positions takes maps of images of another size in evaluation", () => {
  const out = join(folder, "positions");
  const spec = JSON.stringify({ ...small, norm: "batch", positions: "learned" });
  const read = ["--train", sets[0], "--test", sets[1], "--weights", weights, "--size", "16", "--blocks", "5"];
  const rest = ["--timesteps", "10", "--pool", "map", "--head", "attention", "--spec", spec, "--epochs", "1"];
  const { code, err } = train("head", ...read, ...rest, "--batch", "16", "--out", out);
  expect(code, err).toBe(0);
  const test = ["--run", out, "--test", sets[1], "--weights", weights];
  const larger = measured(...test, "--size", "24", "--pool", "map");
  expect(Number.isFinite(larger.top1)).toBe(true);
  expect(measured(...test).taps).toEqual(["t10/b05"]);
});

const dense = ["--canvas", "24x32", "--blocks", "6,8", "--timesteps", "10", "--batch", "4", "--epochs", "1"];
const scenes = ["--train", "scenes:count=8,size=24,seed=1", "--test", "scenes:count=4,size=24,seed=2"];
const scaled = ["--tap-scales", "1,0.5"];

test("a detector reads a frozen backbone at two scales of the canvas, and finds the same again", async () => {
  const spec = '{"neck":{"name":"fpn","width":16},"layers":1,"groups":4}';
  const out = join(folder, "scales-detect");
  const argv = [...scenes, "--weights", weights, ...dense, ...scaled, "--spec", spec, "--out", out];
  const trained = train("detect", ...argv, "--json");
  expect(trained.code, trained.err).toBe(0);
  const { results } = await readRunFolder(out);
  const [entry] = results.detection!;
  expect(JSON.stringify(entry)).toContain("read at 1 and 0.5 of that");
  const seed = join(out, "seed-0");
  const description = (await latestCheckpoint(join(seed, "checkpoints")))!.models[0]!.description;
  const { taps } = (description as { adapter: { taps: { name: string; height: number }[] } }).adapter;
  expect(taps.map(({ name, height }) => [name, height])).toEqual([
    ["t10/b06", 12],
    ["t10/b08", 24],
    ["t10/b06@12x16", 6],
    ["t10/b08@12x16", 12],
  ]);
  const again = evaluate("detect", "--run", seed, "--test", scenes[3]!, "--weights", weights, "--json");
  expect(again.code, again.err).toBe(0);
  const { box } = JSON.parse(again.out) as { box: { n: number } };
  expect(box.n).toBe(4);
});

test("a segmenter too, in windows and at other scales of whole images as well", async () => {
  const out = join(folder, "scales-segment");
  const spec = '{"width":16,"norm":"group","groups":4}';
  const argv = [...scenes, "--weights", weights, ...dense, ...scaled, "--spec", spec, "--out", out];
  const trained = train("segment", ...argv, "--backbone", "random", "--keep-maps", "disk", "--flip", "0");
  expect(trained.code, trained.err).toBe(0);
  const { results } = await readRunFolder(out);
  const [run] = results.segmentation![0]!.runs;
  const again = [
    "segment",
    "--run",
    join(out, "seed-0"),
    "--test",
    scenes[3]!,
    "--weights",
    weights,
    "--json",
  ];
  const figures = (...more: string[]) => {
    const { code, out: printed, err } = evaluate(...again, ...more);
    expect(code, err).toBe(0);
    return (JSON.parse(printed) as { figures: { miou: number } }).figures;
  };
  expect(100 * figures().miou).toBeCloseTo(run!.miou.value, 1);
  expect(Number.isFinite(figures("--window", "16x16", "--scales", "1,1.5").miou)).toBe(true);
});

test.each([
  [["--backbone", "tuned", "--trained-blocks", "1"], "backbone tuned reads the canvas as it is"],
  [["--tap-scales", "1,0.3"], "--tap-scales 0.3 of a canvas of 24×32: image height 7.2 and width 9.6"],
  [["--tap-scales", "1,0.5,1"], "a scale is there twice"],
])("refuses %j", (argv, message) => {
  const { code, err } = train(
    "segment",
    ...scenes,
    "--weights",
    weights,
    ...dense,
    ...scaled,
    ...argv,
    "--out",
    folder,
  );
  expect(code).toBe(2);
  expect(err).toContain(message);
});
