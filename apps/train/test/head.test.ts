/** Training heads, as a user types it. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readRunFolder, type TrainedHead } from "@difftap/run-folder";
import { latestCheckpoint } from "@difftap/trainer";
import { beforeAll, describe, expect, test } from "vitest";
import { evaluate, folder, killAt, makeModel, makeStore, train } from "./world.js";

interface Printed {
  readonly protocol: string;
  readonly heads: readonly TrainedHead[];
}

let stores: string[];
beforeAll(async () => {
  const [training, test] = [
    await makeStore("train", { samples: 300 }),
    await makeStore("test", { samples: 150 }),
  ];
  stores = ["--train", training, "--test", test];
});

const quick = ["--epochs", "4", "--batch", "32", "--learning-rate", "0.1"];

test("a linear head learns, leaves a whole run folder, and ends the same when run again", async () => {
  const out = join(folder, "linear");
  const argv = ["head", ...stores, "--arrays", "t50/b02", ...quick, "--out", out, "--json"];
  const first = train(...argv);
  expect(first.code, first.err).toBe(0);
  const printed = JSON.parse(first.out) as Printed;
  const [run] = printed.heads[0]!.runs;
  expect(run).toMatchObject({ epochs: 4, seed: 0, top1: { n: 150 } });
  expect(run!.top1.value).toBeGreaterThan(95);
  const { results, metrics, environment } = await readRunFolder(out);
  expect(results!.heads).toEqual(printed.heads);
  expect(results!.curves!.some(({ name }) => name.includes("training loss"))).toBe(true);
  expect(metrics.filter(({ split }) => split === "train")).toHaveLength(40);
  expect(environment!.engine).toBe("onnxruntime");
  const again = JSON.parse(train(...argv).out) as Printed;
  expect(again.heads[0]!.runs[0]!.top1).toEqual(run!.top1);
});

test("seeds, learning rates and arrays are trained in one pass", () => {
  const argv = [
    "--seeds",
    "0,1",
    "--learning-rate",
    "0.1,0.01",
    "--each",
    "array",
    "--epochs",
    "1",
    "--batch",
    "50",
  ];
  const { code, out, err } = train("head", ...stores, ...argv, "--out", join(folder, "sweep"), "--json");
  expect(code, err).toBe(0);
  const { heads } = JSON.parse(out) as Printed;
  expect(heads.map(({ name }) => name)).toEqual([
    "linear, t50/b02, rate 0.1",
    "linear, t50/b02, rate 0.01",
    "linear, t50/b05, rate 0.1",
    "linear, t50/b05, rate 0.01",
  ]);
  expect(heads.every(({ runs, deviation }) => runs.length === 2 && Number.isFinite(deviation))).toBe(true);
});

test("heads of a list are trained in one pass, each with its own taps and its own way to learn", async () => {
  const list = JSON.stringify([
    { head: "linear", arrays: ["t50/b02"], learningRate: 0.1 },
    { head: "linear", title: "linear, later block", arrays: ["t50/b05"], optimizer: "adamw" },
    { head: "difformer", spec: { width: 16, heads: 2, layers: 1 }, learningRate: [0.01, 0.001] },
  ]);
  const out = join(folder, "list");
  const argv = ["--heads", list, "--seeds", "0,1", "--epochs", "1", "--batch", "50", "--out", out];
  const trained = train("head", ...stores, ...argv, "--json");
  expect(trained.code, trained.err).toBe(0);
  const { heads } = JSON.parse(trained.out) as Printed;
  expect(heads.map(({ name, taps }) => [name, taps])).toEqual([
    ["linear", ["t50/b02"]],
    ["linear, later block", ["t50/b05"]],
    ["difformer, rate 0.01", ["t50/b02", "t50/b05"]],
    ["difformer, rate 0.001", ["t50/b02", "t50/b05"]],
  ]);
  expect(heads.every(({ runs }) => runs.length === 2)).toBe(true);
  expect(heads[1]!.protocol).toContain("linear, later block head, adamw, learning rate 0.01");
  const alone = train(
    "head",
    ...stores,
    "--arrays",
    "t50/b02",
    "--seeds",
    "0,1",
    ...quick.slice(4),
    "--epochs",
    "1",
    "--batch",
    "50",
    "--out",
    join(folder, "alone"),
    "--json",
  );
  expect((JSON.parse(alone.out) as Printed).heads[0]!.runs.map(({ top1 }) => top1)).toEqual(
    heads[0]!.runs.map(({ top1 }) => top1),
  );
});

test("difformer on two blocks, with its own optimiser; eval head gives the same number", async () => {
  const out = join(folder, "difformer");
  const spec = JSON.stringify({ pool: 2, width: 32, heads: 4, layers: 1 });
  const recipe = [
    "--optimizer",
    "adamw",
    "--learning-rate",
    "0.003",
    "--schedule",
    "cosine",
    "--epochs",
    "3",
  ];
  const trained = train(
    "head",
    ...stores,
    "--head",
    "difformer",
    "--spec",
    spec,
    ...recipe,
    "--batch",
    "50",
    "--out",
    out,
    "--json",
  );
  expect(trained.code, trained.err).toBe(0);
  const [run] = (JSON.parse(trained.out) as Printed).heads[0]!.runs;
  const { results } = await readRunFolder(out);
  const [shares] = results!.tapShares!;
  expect(shares!.taps.map(({ tap }) => tap)).toEqual(["t50/b02", "t50/b05"]);
  expect(shares!.taps.every(({ weight }) => weight > 0 && weight < 1)).toBe(true);
  const measured = evaluate("head", "--run", out, "--test", stores[3]!, "--json");
  expect(measured.code, measured.err).toBe(0);
  expect((JSON.parse(measured.out) as { top1: number }).top1).toBeCloseTo(run!.top1.value, 9);
});

test("straight from images: the backbone reads them as they pass", async () => {
  const weights = await makeModel();
  const images = ["--train", "scenes:count=48,size=16,seed=1", "--test", "scenes:count=20,size=16,seed=2"];
  const out = join(folder, "images");
  const argv = [
    "head",
    ...images,
    "--weights",
    weights,
    "--blocks",
    "2,5",
    "--timesteps",
    "10",
    "--pool",
    "2",
  ];
  const heads = [
    "--head",
    "weighted",
    "--spec",
    '{"width":16}',
    "--epochs",
    "2",
    "--batch",
    "16",
    "--out",
    out,
    "--json",
  ];
  const { code, out: printed, err } = train(...argv, ...heads);
  expect(code, err).toBe(0);
  expect((JSON.parse(printed) as Printed).heads[0]!.runs[0]).toMatchObject({ epochs: 2, top1: { n: 20 } });
  const { results } = await readRunFolder(out);
  expect(results!.tapWeights![0]!.taps.map(({ block }) => block)).toEqual([2, 5]);
  const again = evaluate("head", "--run", out, "--test", images[3]!, "--weights", weights, "--json");
  expect(again.code, again.err).toBe(0);
  expect((JSON.parse(again.out) as { top1: number }).top1).toBeCloseTo(
    (JSON.parse(printed) as Printed).heads[0]!.runs[0]!.top1.value,
    9,
  );
});

test("features that are kept teach what stores of them teach, bit for bit", async () => {
  const weights = await makeModel();
  const [trainImages, testImages] = ["scenes:count=40,size=16,seed=1", "scenes:count=20,size=16,seed=2"];
  const taps = ["--weights", weights, "--blocks", "2,5", "--timesteps", "10", "--pool", "2", "--batch", "16"];
  const recipe = ["--head", "weighted", "--spec", '{"width":16}', "--epochs", "2", "--batch", "16"];
  const paths = ["kept-train", "kept-test"].map((name) => join(folder, name));
  for (const [index, images] of [trainImages, testImages].entries()) {
    const argv = ["--dataset", images, ...taps, "--seed", "0", "--out", paths[index]!];
    expect(evaluate("features", ...argv).code).toBe(0);
  }
  const out = (name: string) => ["--out", join(folder, name), "--json"];
  const images = ["--train", trainImages, "--test", testImages, ...taps, "--keep-features"];
  const kept = train("head", ...images, ...recipe, "--title", "Kept", ...out("kept"));
  const stored = train("head", "--train", paths[0]!, "--test", paths[1]!, ...recipe, ...out("stored"));
  expect(kept.code, kept.err).toBe(0);
  expect(stored.code, stored.err).toBe(0);
  const [one, other] = await Promise.all(
    ["kept", "stored"].map((name) => latestCheckpoint(join(folder, name, "checkpoints"))),
  );
  expect(one!.models[0]!.tensors).toEqual(other!.models[0]!.tensors);
  const [head] = (JSON.parse(kept.out) as Printed).heads;
  expect(head!.name).toBe("weighted");
  expect(head!.protocol).toContain("features computed once");
  expect((await readRunFolder(join(folder, "kept"))).results!.title).toBe("Kept");
});

test("where a head without attention is best, attention is shown of the best that has some", async () => {
  const weights = await makeModel();
  // Tested on what it learns by heart.
  const same = "scenes:count=48,size=16,seed=1";
  const images = ["--train", same, "--test", same];
  const taps = ["--weights", weights, "--blocks", "5", "--timesteps", "10", "--pool", "2", "--keep-features"];
  const idle = { head: "attention", spec: { width: 16, heads: 2, layers: 1 }, learningRate: [1e-9] };
  const list = JSON.stringify([{ head: "linear", spec: { norm: "batch" }, learningRate: [0.05] }, idle]);
  const out = join(folder, "explained");
  const argv = ["--heads", list, "--optimizer", "adamw", "--epochs", "12", "--batch", "16", "--out", out];
  const { code, err } = train("head", ...images, ...taps, ...argv);
  expect(code, err).toBe(0);
  const { results } = await readRunFolder(out);
  const [linear, attention] = results!.heads!;
  expect(linear!.mean).toBeGreaterThan(attention!.mean);
  expect(results!.attention!.map(({ head }) => head)).toEqual(["attention"]);
  expect(results!.attention![0]!.examples).toHaveLength(8);
});

test("a head from a file outside is trained by its path", async () => {
  const file = join(folder, "my-head.mjs");
  const definition = import.meta.resolve("@difftap/heads");
  await writeFile(
    file,
    `import { defineHead, createLinear } from ${JSON.stringify(definition)};
     import * as tf from ${JSON.stringify(import.meta.resolve("@tensorflow/tfjs-core"))};
     export default defineHead({
       name: "mean",
       spec: { safeParse: (data) => ({ success: true, data }) },
       build({ taps: [tap], classes, seed }) {
         const linear = createLinear("head", { inputs: tap.channels, outputs: classes, seed });
         return { variables: linear.variables, forward: (maps) => linear.forward(tf.mean(maps.get(tap.name), [2, 3])) };
       },
     });`,
  );
  const out = join(folder, "outside");
  const { code, err } = train(
    "head",
    ...stores,
    "--arrays",
    "t50/b02",
    "--head",
    file,
    "--epochs",
    "1",
    "--out",
    out,
  );
  expect(code, err).toBe(0);
});

test("killed in the middle of an epoch and run again, the weights are those of an uninterrupted run, bit for bit", async () => {
  const recipe = [
    "--optimizer",
    "adamw",
    "--mixup",
    "0.2",
    "--ema",
    "0.9",
    "--warm-up",
    "1",
    "--epochs",
    "30",
    "--batch",
    "16",
  ];
  const argv = (out: string) => [
    "head",
    ...stores,
    "--arrays",
    "t50/b05",
    ...recipe,
    "--out",
    join(folder, out),
  ];
  expect(await killAt("training:", ...argv("killed"))).toBe("SIGKILL");
  expect(existsSync(join(folder, "killed", "results.json"))).toBe(false);
  for (const out of ["killed", "whole"]) expect(train(...argv(out)).code).toBe(0);
  const [killed, whole] = await Promise.all(
    ["killed", "whole"].map((out) => latestCheckpoint(join(folder, out, "checkpoints"))),
  );
  expect(killed!.models[0]!.tensors).toEqual(whole!.models[0]!.tensors);
});

describe("bad input is refused and explained", () => {
  test.each([
    ["an array the store lacks", ["--arrays", "t50/b07"], 2, "t50/b02"],
    ["an unknown head", ["--head", "lineer"], 2, "linear"],
    ["a spec that is no JSON", ["--spec", "{pool"], 2, "--spec is no JSON"],
    ["an unknown field of the spec", ["--spec", '{"pol":2}'], 2, 'did you mean "pool"'],
    ["an engine that is not there", ["--engine", "cuda"], 1, "ENGINE_MISSING"],
    ["a batch larger than the set", ["--batch", "301"], 2, "300"],
    [
      "a head of a list that asks for what the run does not read",
      ["--heads", '[{"head":"mlp","arrays":["t9/b02"]}]'],
      2,
      "it reads t50/b02, t50/b05",
    ],
    ["an unknown setting in a list of heads", ["--heads", '[{"head":"mlp","batch":3}]'], 2, "batch"],
    [
      "two heads of a list with one name",
      ["--heads", '[{"head":"weighted"},{"head":"weighted"}]'],
      2,
      "two entries are called weighted: give each a title of its own",
    ],
    ["two durations", ["--epochs", "1", "--steps", "5"], 2, "--epochs, --steps, --examples"],
    ["an unknown optimiser", ["--optimizer", "adm"], 2, "adam"],
    ["an unknown preset", ["--preset", "paper"], 2, "paper-linear"],
    ["a head that reads one tap, given two", [], 2, "name one block and one timestep"],
  ])("%s", (_, argv, code, text) => {
    const refused = train("head", ...stores, "--out", join(folder, "refused"), ...argv);
    expect(refused.err).toContain(text);
    expect(refused.code).toBe(code);
  });

  test("a test set with a class that training has not", async () => {
    const more = await makeStore("more", { samples: 40, labels: 5 });
    const refused = train(
      "head",
      stores[0]!,
      stores[1]!,
      "--test",
      more,
      "--arrays",
      "t50/b02",
      "--out",
      join(folder, "classes"),
    );
    expect(refused.err).toContain("the test set has class 4");
    expect(refused.code).toBe(3);
  });

  test("a run folder that holds another head", () => {
    const argv = [
      "head",
      ...stores,
      "--arrays",
      "t50/b02",
      "--head",
      "mlp",
      "--spec",
      '{"hidden":[8]}',
      ...quick,
    ];
    const refused = train(...argv, "--out", join(folder, "linear"));
    expect(refused.err).toContain("STORE_MISMATCH");
    expect(refused.code).toBe(2);
  });

  test("a store beside a data set", () => {
    const refused = train(
      "head",
      "--train",
      stores[1]!,
      "--test",
      "scenes:count=4",
      "--out",
      join(folder, "mixed"),
    );
    expect(refused.err).toContain("is a store, the other is not");
    expect(refused.code).toBe(2);
  });

  test("a folder without a head, for eval", () => {
    const refused = evaluate("head", "--run", folder, "--test", stores[3]!);
    expect(refused.err).toContain("holds no checkpoint");
    expect(refused.code).toBe(2);
  });
});
