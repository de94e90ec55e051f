/** DifFeed, as a user types it: trained straight from images, evaluated through one graph with both passes. */
import { join } from "node:path";
import { readRunFolder, type TrainedHead } from "@difftap/run-folder";
import { latestCheckpoint } from "@difftap/trainer";
import { beforeAll, describe, expect, test } from "vitest";
import { evaluate, folder, killAt, makeModel, makeStore, train } from "./world.js";

interface Printed {
  readonly heads: readonly TrainedHead[];
}

const fusion = { width: 16, heads: 2, layers: 1 };
const spec = { ...fusion, feedback: { blocks: [6, 7] } };
const testImages = "scenes:count=20,size=16,seed=2";
const network = ["--blocks", "7", "--timesteps", "10", "--pool", "2", "--batch", "16"];

let images: string[];
beforeAll(async () => {
  const weights = await makeModel();
  images = ["--train", "scenes:count=48,size=16,seed=1", "--test", testImages, "--weights", weights];
});

test("beside another head; eval head through the emitted graph gives the same number", async () => {
  const both = { ...spec, passes: { first: [7], second: [7] } };
  const list = JSON.stringify([
    { head: "diffeed", spec, optimizer: "adamw" },
    { head: "diffeed", title: "both passes", spec: both },
    { head: "linear" },
  ]);
  const out = join(folder, "diffeed");
  const trained = train(
    "head",
    ...images,
    ...network,
    "--heads",
    list,
    "--epochs",
    "2",
    "--out",
    out,
    "--json",
  );
  expect(trained.code, trained.err).toBe(0);
  const { heads } = JSON.parse(trained.out) as Printed;
  expect(heads.map(({ name }) => name)).toEqual(["diffeed", "both passes", "linear"]);
  expect(heads[0]!.settings).toContain("feedback (blocks 6,7, module C_B_R)");
  const { results } = await readRunFolder(out);
  expect(results!.tapShares!.every(({ taps }) => taps.every(({ weight }) => weight > 0 && weight < 1))).toBe(
    true,
  );
  for (const { name, runs } of heads) {
    const argv = [
      "--run",
      out,
      "--test",
      testImages,
      ...images.slice(4),
      "--model",
      `${name}, seed 0`,
      "--json",
    ];
    const measured = evaluate("head", ...argv);
    expect(measured.code, measured.err).toBe(0);
    const { top1, loss } = JSON.parse(measured.out) as { top1: number; loss: number };
    expect(top1).toBeCloseTo(runs[0]!.top1.value, 9);
    expect(loss).toBeGreaterThan(0);
  }
});

test("made longer, killed and run again, the weights and statistics are those of an uninterrupted run, bit for bit", async () => {
  const argv = (out: string, epochs = 4) => {
    const recipe = ["--optimizer", "adamw", "--ema", "0.9", "--epochs", String(epochs)];
    const head = ["--head", "diffeed", "--spec", JSON.stringify(spec)];
    return ["head", ...images, ...network, ...head, ...recipe, "--out", join(folder, out)];
  };
  expect(train(...argv("killed-diffeed", 2)).code).toBe(0);
  expect(await killAt("training:", ...argv("killed-diffeed"))).toBe("SIGKILL");
  for (const out of ["killed-diffeed", "whole-diffeed"]) expect(train(...argv(out)).code).toBe(0);
  const [killed, whole] = await Promise.all(
    ["killed-diffeed", "whole-diffeed"].map((out) => latestCheckpoint(join(folder, out, "checkpoints"))),
  );
  expect(Object.keys(whole!.models[0]!.tensors.model)).toContain("feedback.0.1.running_mean");
  expect(killed!.models[0]!.tensors).toEqual(whole!.models[0]!.tensors);
});

test("from a store of whole maps, and from no other", () => {
  const extract = (name: string, pool: string) => {
    const argv = ["--dataset", testImages, "--blocks", "3,4,6,7", "--timesteps", "10", "--pool", pool];
    const done = evaluate("features", ...argv, ...images.slice(4), "--out", join(folder, name));
    expect(done.code, done.err).toBe(0);
    return ["--train", join(folder, name), "--test", join(folder, name), ...images.slice(4)];
  };
  const head = (given: object) => [
    "--heads",
    JSON.stringify([{ head: "diffeed", spec: given, arrays: ["t10/b07"] }]),
    ...["--batch", "4", "--steps", "3"],
  ];
  const whole = extract("maps", "map");
  const trained = train("head", ...whole, ...head(spec), "--out", join(folder, "from-maps"));
  expect(trained.code, trained.err).toBe(0);
  const later = train(
    "head",
    ...whole,
    ...head({ ...spec, feedback: { blocks: [8] } }),
    "--out",
    join(folder, "no"),
  );
  expect(later.err).toContain("needs the whole map of block 2 at timestep 10");
  const pooled = train("head", ...extract("pooled", "1"), ...head(spec), "--out", join(folder, "no"));
  expect(pooled.err).toContain("needs the whole map of block 3 at timestep 10");
  expect(pooled.code).toBe(2);
});

describe("bad input is refused and explained", () => {
  test.each([
    ["the middle block", { feedback: { blocks: [5] } }, "the middle block has no mirror to feed"],
    ["an encoder block", { feedback: { blocks: [3] } }, "it lies in the encoder"],
    ["a block that the network lacks", { feedback: { blocks: [10] } }, "has blocks 1 to 9"],
    ["a letter that is none", { feedback: { blocks: [6], module: "C_X" } }, 'feedback module "C_X"'],
    ["no feedback at all", {}, "feedback"],
    [
      "a block of a pass that is no tap",
      { ...spec, passes: { second: [8] } },
      "block 8 of passes is none of the taps",
    ],
  ])("%s", (_, given, text) => {
    const argv = ["--head", "diffeed", "--spec", JSON.stringify({ ...fusion, ...given })];
    const refused = train("head", ...images, ...network, ...argv, "--out", join(folder, "refused-diffeed"));
    expect(refused.err).toContain(text);
    expect(refused.code).toBe(2);
  });

  test("a store, which holds no second pass", async () => {
    const stores = ["--train", await makeStore("flat", { samples: 20 }), "--test", join(folder, "flat")];
    const head = ["--head", "diffeed", "--spec", JSON.stringify(spec), "--arrays", "t50/b05", "--batch", "4"];
    const foreign = train("head", ...stores, ...images.slice(4), ...head, "--out", join(folder, "foreign"));
    expect(foreign.err).toContain("was not extracted with the weights");
    expect(foreign.code).toBe(2);
    const evaluated = evaluate(
      "head",
      "--run",
      join(folder, "whole-diffeed"),
      "--test",
      join(folder, "flat"),
    );
    expect(evaluated.err).toContain("reads a second pass of the network");
    expect(evaluated.code).toBe(2);
  });
});
