/** difftap-eval sample, as a user runs it: files, numbers, resuming, wrong use. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { architectureFromFlags, randomWeights } from "@difftap/backbone";
import { copyToSafetensors } from "@difftap/checkpoint";
import { createGraph } from "@difftap/onnx-graph";
import { readRunFolder } from "@difftap/run-folder";
import { decode } from "fast-png";
import { beforeAll, describe, expect, test } from "vitest";
import { openJournal } from "../src/compose/sample-journal.js";
import { bin, diffusion, flags, type Outcome, run, smallModel } from "./world.js";

let folder: string;
let weights: string;
/** Ten images in "plain", which most tests look at. */
let first: Outcome;
beforeAll(async () => {
  ({ folder, weights } = await smallModel());
  first = sample("plain");
}, 60_000);

const argvOf = (out: string, ...more: string[]) => [
  "sample",
  "--weights",
  weights,
  "--count",
  "10",
  "--steps",
  "5",
  "--batch",
  "4",
  "--out",
  join(folder, out),
  ...more,
];
const sample = (out: string, ...more: string[]) => run(...argvOf(out, ...more));

/** Every image's bytes, in order. */
function imagesOf(out: string): string[] {
  const path = join(folder, out, "samples");
  return readdirSync(path)
    .sort()
    .map((name) => readFileSync(join(path, name)).toString("base64"));
}

const pixelsOf = (path: string) => decode(readFileSync(path));

describe("a run of samples", () => {
  test("is a numbered folder, a grid and results with seeds, steps, evaluations and seconds", async () => {
    const { code, out, err } = first;
    expect(code, err).toBe(0);
    expect(out).toContain("10 images, 10 drawn now; 50 network evaluations");
    expect(out).toContain("DDIM, η 0, respacing 5, EPSILON, LEARNED_RANGE, x_0 clipped");
    expect(readdirSync(join(folder, "plain/samples")).sort()).toEqual(
      Array.from({ length: 10 }, (_, index) => `00000${index}.png`),
    );
    const { results } = await readRunFolder(join(folder, "plain"));
    expect(results).toMatchObject({
      kind: "samples",
      seeds: [1],
      images: 10,
      samples: {
        sampler: "ddim",
        eta: 0,
        respacing: "5",
        steps: 5,
        networkEvaluations: 50,
        shown: 10,
        columns: 4,
      },
    });
    expect(results.samples!.seconds).toBeGreaterThan(0);
    const grid = readFileSync(join(folder, "plain/samples.png"));
    expect(results.samples!.grid).toBe(`data:image/png;base64,${grid.toString("base64")}`);
    const [whole, sixth] = [decode(grid), pixelsOf(join(folder, "plain/samples/000005.png"))];
    expect([whole.width, whole.height, sixth.width]).toEqual([64, 48, 16]);
    // Image 5 is the second of the second row.
    for (const row of [0, 15])
      expect(whole.data.slice(3 * ((16 + row) * 64 + 16), 3 * ((16 + row) * 64 + 32))).toEqual(
        sixth.data.slice(48 * row, 48 * (row + 1)),
      );
  });

  test("keeps what is finished and draws only what is missing, with equal bits", () => {
    const before = imagesOf("plain");
    const times = (index: number) => statSync(join(folder, `plain/samples/00000${index}.png`)).mtimeMs;
    const kept = [0, 1, 2, 3, 8, 9].map(times);
    rmSync(join(folder, "plain/samples/000006.png"));
    const again = JSON.parse(sample("plain", "--json").out) as { computed: number; count: number };
    expect(again).toMatchObject({ count: 10, computed: 4, seed: 1, networkEvaluations: 50 });
    expect([0, 1, 2, 3, 8, 9].map(times)).toEqual(kept);
    expect(imagesOf("plain")).toEqual(before);
    expect(JSON.parse(sample("plain", "--json").out)).toMatchObject({ computed: 0 });
  });

  test("goes on after being killed, and ends in the images of a run that was not", async () => {
    const child = spawn(process.execPath, [bin, ...argvOf("killed", "--steps", "100")], { stdio: "ignore" });
    const journal = join(folder, "killed/samples.json");
    while (!existsSync(journal) && child.exitCode === null) await new Promise((done) => setTimeout(done, 5));
    child.kill("SIGKILL");
    await new Promise((done) => child.once("exit", done));
    expect(existsSync(join(folder, "killed/results.json"))).toBe(false);
    const { computed } = JSON.parse(sample("killed", "--steps", "100", "--json").out) as { computed: number };
    expect(computed).toBeLessThan(10);
    expect(computed).toBeGreaterThan(0);
    expect(sample("whole", "--steps", "100").code).toBe(0);
    expect(imagesOf("killed")).toEqual(imagesOf("whole"));
  });

  test("gives an image the same pixels in other batches, up to rounding, and others with another seed", () => {
    expect(sample("wide", "--batch", "10", "--workers", "1").code).toBe(0);
    expect(sample("other", "--seed", "2").code).toBe(0);
    const difference = (out: string) => {
      const pixels = (name: string, index: number) =>
        pixelsOf(join(folder, `${name}/samples/00000${index}.png`)).data;
      return [0, 5, 9].flatMap((index) => {
        const ours = pixels("plain", index);
        return Array.from(pixels(out, index), (value, at) => Math.abs(value - ours[at]!));
      });
    };
    expect(Math.max(...difference("wide"))).toBeLessThanOrEqual(1);
    expect(Math.max(...difference("other"))).toBeGreaterThan(20);
  });

  test.each(["10,10,5", "ddim50", "3"])("takes the respacing %s and DDPM", async (steps) => {
    const name = `ddpm-${steps}`;
    expect(sample(name, "--sampler", "ddpm", "--count", "2", "--steps", steps).code).toBe(0);
    const { results } = await readRunFolder(join(folder, name));
    expect(results.samples).toMatchObject({ sampler: "ddpm", eta: null, respacing: steps, count: 2 });
    expect(results.samples!.steps).toBe({ "10,10,5": 25, ddim50: 50, "3": 3 }[steps]);
  });
});

test("the preset is the embedded model, and flags go before it", async () => {
  const out = join(folder, "preset");
  const { code, err } = run("sample", "--preset", "scenes", "--count", "2", "--steps", "2", "--out", out);
  expect(code, err).toBe(0);
  const { results } = await readRunFolder(out);
  expect(results.model.name).toBe("embedded scenes model");
  expect(results.samples).toMatchObject({ count: 2, size: 32, steps: 2 });
});

describe("distances", () => {
  const reference = ["--reference", "scenes:count=12,size=16,seed=3"];

  test("on our own tap name block, timestep, pool, weights and both n", async () => {
    const { code, out, err } = sample("plain", ...reference);
    expect(code, err).toBe(0);
    const { results } = await readRunFolder(join(folder, "plain"));
    const digest = results.model.weightsDigest.slice(0, 8);
    expect(out).toContain(
      `block 5, clean, pool 1 of model.safetensors (weights ${digest}), 64 values, seed 1`,
    );
    expect(out).toMatch(/Fréchet distance [\d.]+ \(95 % interval [\d.]+ to [\d.]+, n = 10 and 12\)/);
    expect(out).toMatch(/kernel distance -?[\d.]+ \(95 % interval/);
    expect(results.results.map(({ metric, n, unit, tap }) => ({ metric, n, unit, tap }))).toEqual(
      ["Fréchet distance", "kernel distance"].map((metric) => ({
        metric,
        n: 10,
        unit: "",
        tap: { block: 5, timestep: "clean", pool: 1 },
      })),
    );
    expect(results.dataset).toMatchObject({ test: 12 });
  });

  test("are 0 between the samples and themselves", () => {
    const themselves = ["--reference", `folder:${join(folder, "plain/samples")}`];
    const chosen = ["--distance-block", "3", "--distance-timestep", "20", "--distance-pool", "2"];
    const { distances } = JSON.parse(sample("plain", ...themselves, "--json", ...chosen).out) as {
      distances: { frechet: { value: number }; kernel: { value: number }; features: string };
    };
    expect(distances.features).toMatch(/^block 3, t = 20, pool 2 of .*, 128 values$/);
    // The noise of a pair differs only where the images' names do, and these have the same.
    expect(distances.frechet.value).toBeLessThan(1e-4);
    expect(distances.kernel.value).toBeLessThan(0);
  });

  test("on a network of the user's own name its file", () => {
    const graph = createGraph({ name: "means" });
    const x = graph.input("x", "float32", ["batch", 3, "height", "width"]);
    graph.output(graph.node("GlobalAveragePool", [x]), "features", "float32", ["batch", 3, 1, 1]);
    const path = join(folder, "means.onnx");
    writeFileSync(path, graph.encode());
    const { code, out, err } = sample("plain", ...reference, "--inception", path);
    expect(code, err).toBe(0);
    expect(out).toMatch(/means\.onnx \(sha256 [0-9a-f]{8}\), 3 values/);
    writeFileSync(path, "no network");
    const refused = sample("plain", ...reference, "--inception", path);
    expect(refused.code).toBe(3);
    expect(refused.err).toContain("means.onnx");
  });
});

describe("class-conditional networks", () => {
  let conditional: string;
  beforeAll(async () => {
    const own = mkdtempSync(join(tmpdir(), "difftap-classes-"));
    conditional = join(own, "model.safetensors");
    const described = { flags: { ...flags, class_cond: true }, diffusion };
    const architecture = architectureFromFlags(described);
    await copyToSafetensors(randomWeights(architecture, 2, { zeroModules: "random" }), conditional);
    writeFileSync(join(own, "model.json"), JSON.stringify(described));
  });
  const draw = (out: string, ...more: string[]) => {
    const { code, out: printed, err } = sample(out, "--weights", conditional, "--json", ...more);
    expect(code, err).toBe(0);
    return JSON.parse(printed) as { labels: number[] };
  };

  test("draw the labels in turn, and the label matters", () => {
    expect(draw("labels", "--labels", "3,7-8", "--count", "5").labels).toEqual([3, 7, 8, 3, 7]);
    draw("others", "--labels", "4,7-8", "--count", "5");
    const [ours, theirs] = [imagesOf("labels"), imagesOf("others")];
    expect(ours.map((image, index) => image === theirs[index])).toEqual([false, true, true, false, true]);
  });

  test("draw labels by chance, by seed, when none are given", () => {
    const { labels } = draw("chance");
    expect(draw("chance-again").labels).toEqual(labels);
    expect(draw("chance-other", "--seed", "9").labels).not.toEqual(labels);
    expect(new Set(labels).size).toBeGreaterThan(5);
    expect(labels.every((label) => label >= 0 && label < 1000)).toBe(true);
  });

  test("refuse a class that does not exist, and to be tapped for distances", () => {
    const wrong = sample("wrong", "--weights", conditional, "--labels", "1000");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("label 1000 is not one of the classes 0 to 999");
    const tapped = sample("tapped", "--weights", conditional, "--reference", "scenes:count=4,size=16");
    expect(tapped.code).toBe(2);
    expect(tapped.err).toContain("--inception");
  });
});

test.each([
  [
    "labels for a network without classes",
    ["--labels", "1"],
    "labels were given, but this network knows no classes",
  ],
  ["an eta above 1", ["--eta", "1.5"], "takes a number from 0 to 1, got"],
  ["a negative eta", ["--eta", "-0.5"], "takes a number of at least 0"],
  ["an eta for DDPM", ["--sampler", "ddpm", "--eta", "0.5"], "eta 0.5 was given to DDPM"],
  ["a variance that was not learned", ["--variance", "FIXED_SMALL"], "this network learned its variance"],
  ["a respacing that is none", ["--steps", "fast"], '"fast" is not a number of steps'],
  ["a stride that does not exist", ["--steps", "ddim999"], "no whole stride makes exactly 999 of 1000"],
  ["too many steps", ["--steps", "1001"], "a section of 1000 steps cannot give 1001"],
  ["no images", ["--count", "0"], "takes a whole number of at least 1"],
  ["an unknown sampler", ["--sampler", "euler"], "--sampler"],
  ["a size the levels cannot divide", ["--size", "17"], "17"],
  [
    "a folder of another seed",
    ["--out", "PLAIN", "--seed", "5"],
    "samples of another request: seed 1, not 5",
  ],
  ["a classifier that is not there", ["--classifier", "none.pt"], "none.pt"],
  ["two guides", ["--classifier", "a.pt", "--guide-head", "runs/b"], "both --classifier and --guide-head"],
])("%s: refused with exit code 2", (_, argv, said) => {
  const { code, err } = sample(
    "refused",
    ...argv.map((each) => each.replace("PLAIN", join(folder, "plain"))),
  );
  expect(err).toContain(said);
  expect(code).toBe(2);
});

test("a damaged journal starts anew, and a journal names all that differs", async () => {
  const own = mkdtempSync(join(tmpdir(), "difftap-journal-"));
  writeFileSync(join(own, "samples.json"), '{"request":');
  const journal = await openJournal(own, { seed: 1, steps: "5" });
  expect(journal.seconds(0)).toBeUndefined();
  await journal.finish(4, 2);
  await journal.finish(0, 1.5);
  const again = await openJournal(own, { steps: "5", seed: 1 });
  expect([0, 4, 8].map((first) => again.seconds(first))).toEqual([1.5, 2, undefined]);
  await expect(openJournal(own, { seed: 2, steps: "5", labels: [1] })).rejects.toMatchObject({
    code: "STORE_MISMATCH",
    message: expect.stringMatching(/seed 1, not 2; labels none, not \[1\]$/),
  });
});
