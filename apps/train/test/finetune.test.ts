/** Fine-tuning, as a user types it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { architectureFromFlags, blockParameters } from "@difftap/backbone";
import { openWeights } from "@difftap/checkpoint";
import { type RunResult, readMetrics, readRunFolder, type TrainedHead } from "@difftap/run-folder";
import { latestCheckpoint } from "@difftap/trainer";
import { beforeAll, describe, expect, test } from "vitest";
import { evaluate, folder, killAt, makeModel, train } from "./world.js";

interface Printed {
  readonly heads: readonly [TrainedHead];
  readonly diffusion: readonly RunResult[];
  readonly folders: readonly string[];
}

const testImages = "scenes:count=20,size=16,seed=2";
const taps = ["--timesteps", "10", "--pool", "2", "--batch", "8"];
const network = ["--blocks", "7", ...taps];

let weights: string;
let images: string[];
beforeAll(async () => {
  weights = await makeModel();
  images = ["--train", "scenes:count=40,size=16,seed=1", "--test", testImages, "--weights", weights];
});

const finetune = (out: string, ...argv: string[]) =>
  train("finetune", ...images, "--out", join(folder, out), ...argv);

function printed({ code, out, err }: ReturnType<typeof train>): Printed {
  expect(code, err).toBe(0);
  return JSON.parse(out) as Printed;
}

async function tensorsOf(path: string): Promise<Map<string, ArrayLike<number>>> {
  const source = await openWeights(path);
  const tensors = new Map<string, ArrayLike<number>>();
  for (const name of source.tensors.keys()) tensors.set(name, (await source.read(name)).data as Float32Array);
  await source.close();
  return tensors;
}

const architecture = () => {
  const { flags } = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  return architectureFromFlags({ flags, diffusion: {} });
};

test("the last blocks learn, the others stay; eval head runs what was trained, with whatever weights hold the rest", async () => {
  const learning = ["--trained-blocks", "2", "--backbone-rate", "0.001", "--epochs", "2"];
  const { heads, diffusion, folders } = printed(
    finetune("tuned", ...network, ...learning, "--seeds", "0,1", "--diffusion-count", "8", "--json"),
  );
  const [row] = heads;
  expect(row.runs.map(({ seed }) => seed)).toEqual([0, 1]);
  expect(row.protocol).toContain("last 2 blocks up to 7 trained, learning rate 0.001 of block 7, ×0.75");
  expect(diffusion.map(({ n }) => n)).toEqual([8, 8, 8, 8, 8, 8]);
  const change = diffusion.find(({ metric }) => metric === "change of the diffusion loss")!;
  expect(Math.abs(change.value)).toBeGreaterThan(1e-6);
  const [before, after] = await Promise.all(
    [weights, join(folders[0]!, "weights.safetensors")].map(tensorsOf),
  );
  const blocks = blockParameters(architecture());
  const trained = [6, 7].flatMap((block) => [...blocks.get(block)!]);
  const changed = [...before!].filter(([name, data]) => String(data) !== String(after!.get(name)));
  expect(changed.map(([name]) => name).sort()).toEqual([...trained].sort());
  const checkpoint = await latestCheckpoint(join(folders[0]!, "checkpoints"));
  const kept = Object.keys(checkpoint!.models[0]!.tensors.model).filter((name) =>
    name.startsWith("backbone."),
  );
  expect(kept.sort()).toEqual(trained.map((name) => `backbone.${name}`).sort());
  for (const own of [[], ["--weights", weights]]) {
    const measured = evaluate("head", "--run", folders[1]!, "--test", testImages, ...own, "--json");
    expect(measured.code, measured.err).toBe(0);
    const { top1, loss } = JSON.parse(measured.out) as { top1: number; loss: number };
    expect(top1).toBeCloseTo(row.runs[1]!.top1.value, 9);
    expect(loss).toBeCloseTo((await readMetrics(folders[1]!)).at(-1)!.values.loss!, 5);
  }
  const { results } = await readRunFolder(join(folder, "tuned"));
  expect(results.results).toHaveLength(6);
  expect(new Set(results.curves!.map(({ seed }) => seed))).toEqual(new Set([0, 1]));
}, 240_000);

test("a size that is not the network's own is kept: eval head reads images at it", async () => {
  const { heads, folders } = printed(
    finetune("larger", ...network, "--size", "24", "--steps", "2", "--diffusion-count", "0", "--json"),
  );
  const measured = evaluate("head", "--run", folders[0]!, "--test", testImages, "--json");
  expect(measured.code, measured.err).toBe(0);
  const { top1, loss } = JSON.parse(measured.out) as { top1: number; loss: number };
  expect(top1).toBeCloseTo(heads[0].runs[0]!.top1.value, 9);
  expect(loss).toBeCloseTo((await readMetrics(folders[0]!)).at(-1)!.values.loss!, 5);
}, 240_000);

test("one step of gradient descent moves each block by its share of the rate", async () => {
  const learning = ["--optimizer", "sgd", "--backbone-rate", "0.1", "--steps", "1", "--diffusion-count", "0"];
  const step = async (out: string, decay: string) => {
    const { folders } = printed(finetune(out, ...network, ...learning, "--layer-decay", decay, "--json"));
    return tensorsOf(join(folders[0]!, "weights.safetensors"));
  };
  const [before, even, falling] = [
    await tensorsOf(weights),
    await step("even", "1"),
    await step("falling", "0.5"),
  ];
  const moved = (names: readonly string[], after: typeof before) => {
    const steps = names.map((name) => Array.from(after.get(name)!, (w, i) => w - before.get(name)![i]!));
    return Math.sqrt(steps.flat().reduce((sum, each) => sum + each ** 2, 0));
  };
  for (const [block, names] of blockParameters(architecture())) {
    const whole = moved(names, even);
    if (block > 7) expect(whole).toBe(0);
    else expect(moved(names, falling) / whole).toBeCloseTo(0.5 ** (7 - block), 3);
  }
}, 240_000);

test("with the diffusion loss as a second term the network goes on learning to draw", async () => {
  const learning = [
    "--diffusion-weight",
    "1",
    "--backbone-rate",
    "0.003",
    "--layer-decay",
    "1",
    "--epochs",
    "2",
  ];
  const { diffusion } = printed(
    finetune("drawing", ...network, ...learning, "--diffusion-count", "16", "--json"),
  );
  const [before, after] = ["before", "after"].map(
    (when) => diffusion.find(({ metric }) => metric === `diffusion loss ${when} fine-tuning`)!.value,
  );
  expect(after!).toBeLessThan(0.8 * before!);
}, 240_000);

test("frozen, it is difftap-train head: the same views, noise and order give the same losses", async () => {
  const spec = '{"width":16,"heads":2,"layers":1}';
  const difformer = ["--head", "difformer", "--spec", spec, "--timesteps", "10,50", "--blocks", "6,7"];
  const learning = [...difformer, "--optimizer", "adamw", "--learning-rate", "0.001", "--epochs", "2"];
  const head = train("head", ...images, ...network, ...learning, "--out", join(folder, "probe"));
  expect(head.code, head.err).toBe(0);
  const { heads } = printed(finetune("frozen", ...network, ...learning, "--freeze", "--json"));
  expect(heads[0].name).toBe("difformer, frozen backbone");
  expect(existsSync(join(folder, "frozen", "seed-0", "weights.safetensors"))).toBe(false);
  const [probe, frozen] = await Promise.all(
    ["probe", "frozen/seed-0"].map((out) => readMetrics(join(folder, out))),
  );
  expect(frozen!).toHaveLength(probe!.length);
  frozen!.forEach(({ split, values }, line) => {
    if (split === "train") return;
    expect(values.loss).toBeCloseTo(probe![line]!.values["difformer, seed 0/loss"]!, 4);
  });
}, 240_000);

test("with --recompute the engine gives memory back", () => {
  const { code, err } = finetune("recomputed", ...network, "--epochs", "1", "--recompute");
  expect(code, err).toBe(0);
  expect(err).toContain("all cores, memory given back");
});

test("begins from a trained head and its taps", async () => {
  const head = train(
    "head",
    ...images,
    "--blocks",
    "6",
    ...taps,
    "--epochs",
    "2",
    "--out",
    join(folder, "begun"),
  );
  expect(head.code, head.err).toBe(0);
  const barely = [
    "--learning-rate",
    "1e-9",
    "--backbone-rate",
    "1e-9",
    "--epochs",
    "1",
    "--diffusion-count",
    "0",
  ];
  const argv = [
    "--from",
    join(folder, "begun"),
    "--from-model",
    "linear, seed {seed}",
    ...barely,
    "--batch",
    "8",
  ];
  const { heads, diffusion } = printed(finetune("from", ...argv, "--json"));
  expect(heads[0].taps).toEqual(["t10/b06"]);
  expect(diffusion).toEqual([]);
  const lossAtEnd = async (out: string) =>
    Object.entries((await readMetrics(join(folder, out))).at(-1)!.values);
  const [[, begun], [, tuned]] = [await lossAtEnd("begun"), await lossAtEnd("from/seed-0")].map(
    (values) => values.find(([name]) => name.endsWith("loss"))!,
  ) as [[string, number], [string, number]];
  expect(tuned).toBeCloseTo(begun, 4);
}, 240_000);

test("made longer, killed and run again, it ends bit for bit as a run that was not", async () => {
  const learning = [
    "--diffusion-weight",
    "0.5",
    "--dropout",
    "0.1",
    "--mixup",
    "0.4",
    "--ema",
    "0.9",
    "--clip-norm",
    "1",
  ];
  // 24 images of 40: two whole batches.
  const share = ["--label-share", "0.5", "--split-seed", "3", "--diffusion-count", "0", "--batch", "12"];
  const argv = (out: string, epochs: number) => {
    return [
      "finetune",
      ...images,
      ...network,
      ...learning,
      ...share,
      "--epochs",
      String(epochs),
      "--out",
      join(folder, out),
    ];
  };
  const short = train(...argv("cut", 1));
  expect(short.code, short.err).toBe(0);
  expect(await killAt("training:", ...argv("cut", 2))).toBe("SIGKILL");
  for (const out of ["cut", "uncut"]) {
    const { code, err } = train(...argv(out, 2));
    expect(code, err).toBe(0);
  }
  const [cut, uncut] = await Promise.all(
    ["cut", "uncut"].map((out) => latestCheckpoint(join(folder, out, "seed-0", "checkpoints"))),
  );
  expect(cut!.models[0]!.tensors).toEqual(uncut!.models[0]!.tensors);
  expect(Object.keys(uncut!.models[0]!.tensors.model)).toContain("backbone.out.2.weight");
  const { results } = await readRunFolder(join(folder, "uncut"));
  expect(results.dataset.train).toBe(24);
  expect(results.protocol).toContain("50 % of the labels");
  const [line] = await readMetrics(join(folder, "uncut", "seed-0"));
  expect(line!.values.diffusion).toBeGreaterThan(0);
  expect(line!.values.loss).toBeGreaterThan(0.5 * line!.values.diffusion!);
  const other = train(...argv("cut", 2), "--layer-decay", "0.5");
  expect(other.err).toContain("belongs to another training");
}, 240_000);

describe("bad input is refused and explained", () => {
  test.each([
    ["a head that runs the network", ["--head", "diffeed"], 2, "runs the network itself"],
    ["more blocks than there are", ["--trained-blocks", "8"], 2, "there are 7 up to the tap"],
    ["a frozen backbone that draws", ["--freeze", "--diffusion-weight", "1"], 2, "does not learn to draw"],
    ["a share of more than all", ["--label-share", "2"], 2, "--label-share"],
    ["a share that no batch fits in", ["--label-share", "0.01", "--batch", "16"], 2, "batch 16 is larger"],
    ["a run without a head", ["--from", "nowhere"], 2, "holds no checkpoint of a head"],
    ["rates that break it", ["--learning-rate", "1e12", "--optimizer", "sgd"], 1, "training diverged"],
  ])("%s", (_, argv, code, text) => {
    const refused = finetune("refused", ...network, "--epochs", "2", "--diffusion-count", "0", ...argv);
    expect(refused.err).toContain(text);
    expect(refused.code).toBe(code);
  });
});
