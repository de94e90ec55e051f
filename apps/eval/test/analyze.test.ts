/** difftap-eval analyze on the embedded model and a few scenes: what it measures, writes, resumes and refuses. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryTerminal } from "@difftap/command-line";
import { selectEngine } from "@difftap/engine";
import { openFeatureStore } from "@difftap/feature-store";
import { createHead, describeTap } from "@difftap/heads";
import {
  alignment,
  intraclassCorrelation,
  neighbourhoodPurity,
  unbiasedCka,
  uniformity,
} from "@difftap/metrics";
import { type Analysis, type Results, readRunFolder } from "@difftap/run-folder";
import { paperRecipe, trainMany } from "@difftap/trainer";
import { decode } from "fast-png";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { analyze } from "../src/commands/analyze.js";
import { type AnalyzeSettings, analyzeOptions } from "../src/compose/analysis/settings.js";
import { readImageFeatures } from "../src/compose/image-heads.js";
import { selectImages } from "../src/compose/images.js";
import { readLabelled } from "../src/compose/labelled.js";
import { withRuntime } from "../src/compose/runtime.js";

const folder = mkdtempSync(join(tmpdir(), "difftap-analyze-"));
const pathTo = (name: string) => join(folder, name);
const schema = z.object(
  Object.fromEntries(Object.entries(analyzeOptions).map(([key, { value }]) => [key, value])),
);

const trainSpec = "scenes:count=60,size=32,seed=1";
const testSpec = "scenes:count=40,size=32,seed=2";
const small = {
  ...{ train: trainSpec, test: testSpec, blocks: [3, 7, 11], timesteps: [10, 200], batch: 20, k: 5 },
  ...{ changes: ["identity", "flip"], changed: 3, points: 3, drawCounts: [1, 2], show: [0, 5] },
};

interface Outcome {
  readonly analysis: Analysis;
  readonly results: Results;
  readonly printed: string;
  readonly progress: readonly string[];
}

async function analysed(
  name: string,
  given: Record<string, unknown>,
  { json = true, signal = new AbortController().signal, onTask = (_task: string) => {} } = {},
): Promise<Outcome> {
  const settings = schema.parse({ ...small, ...given, out: pathTo(name) }) as AnalyzeSettings;
  const terminal = memoryTerminal();
  const progress: string[] = [];
  await analyze.run(settings, {
    ...{ terminal, signal, json, commandLine: "difftap-eval analyze" },
    onProgress: ({ task }) => {
      progress.push(task);
      onTask(task);
    },
  });
  const { results } = await readRunFolder(pathTo(name));
  return { analysis: results.analysis!, results, printed: terminal.written.data, progress };
}

let whole: Outcome;
beforeAll(async () => {
  whole = await analysed("whole", { rungs: [20, 60], fullGrid: true, keep: 0.5, score: "knn" });
});

const cellsOf = (values: readonly (readonly (number | null)[])[]) => values.flat();
const storeOf = (name: string, which: string) => openFeatureStore(pathTo(join(name, "features", which)));

describe("one analysis with every part that needs no head", () => {
  test("holds all of them, each number with its protocol, split, n and seeds", () => {
    const { results, analysis } = whole;
    expect(results.kind).toBe("analysis");
    expect(Object.keys(analysis).sort()).toEqual([
      ...["choice", "cka", "components", "correspondence", "draws", "neighbours", "sphere"],
    ]);
    expect(results.results.map(({ metric, name }) => [metric, name])).toEqual([
      ["top-1", "the cell that was chosen"],
      ["regret", "the choice"],
    ]);
  });

  test("CKA is that of each pair, 1 with itself, and the same either way", async () => {
    const [matrix, ...rest] = whole.analysis.cka!;
    expect(rest).toEqual([]);
    expect(matrix!.rows).toEqual(["t10/b03", "t10/b07", "t10/b11", "t200/b03", "t200/b07", "t200/b11"]);
    expect(matrix).toMatchObject({ columns: matrix!.rows, n: 40, metric: "CKA", seeds: [1] });
    for (const [a, row] of matrix!.values.entries()) {
      expect(row[a]).toBeCloseTo(1, 12);
      for (const [b, value] of row.entries()) expect(value).toBe(matrix!.values[b]![a]);
    }
    const store = await storeOf("whole", "test");
    const [first, other] = [await readLabelled(store, "t10/b03"), await readLabelled(store, "t200/b11")];
    const expected = unbiasedCka(first.features, other.features);
    expect(matrix!.values[0]![5]).toBeCloseTo(expected.value, 9);
    expect(matrix!.intervals[0]![5]![0]).toBeCloseTo(expected.interval[0], 9);
  });

  test("maps are pictures of their own size, fitted over all images shown", () => {
    const { pictures, taps, n } = whole.analysis.components!;
    expect([pictures.length, n]).toEqual([2, 2]);
    expect(taps.map(({ block, timestep }) => [block, timestep])).toEqual([
      [3, 200],
      [7, 200],
      [11, 200],
    ]);
    for (const { height, width, explained, maps } of taps) {
      const [one, two, three] = explained as [number, number, number];
      expect(one >= two && two >= three && one + two + three <= 1).toBe(true);
      for (const { image, strongest } of maps) {
        const { width: w, height: h } = decode(Buffer.from(image.split(",")[1]!, "base64"));
        expect([h, w]).toEqual([height, width]);
        expect(strongest.row <= height && strongest.column <= width).toBe(true);
      }
      // The components are centred on all cells of both pictures together.
      expect(maps[0]!.means[0]! + maps[1]!.means[0]!).toBeCloseTo(0, 2);
    }
  });

  test("neighbours are others, most alike first, and purity is that of the metric", async () => {
    const { purity, chance, shown } = whole.analysis.neighbours!;
    const store = await storeOf("whole", "test");
    const { features, labels } = await readLabelled(store, "t200/b07");
    const expected = await neighbourhoodPurity({ features, labels, k: 5, bootstrap: { seed: 1 } });
    expect(purity!.values[1]![1]).toBeCloseTo(100 * expected.value, 9);
    expect(chance).toBeCloseTo(100 * expected.chance, 9);
    for (const { queries } of shown) {
      expect(queries.map(({ id }) => id)).toEqual(["scene-2-0", "scene-2-5"]);
      for (const { id, neighbours, image } of queries) {
        expect(image).toMatch(/^data:image\/png/);
        expect(neighbours).toHaveLength(5);
        expect(neighbours.map((each) => each.id)).not.toContain(id);
        const similarities = neighbours.map(({ similarity }) => similarity);
        expect(similarities).toEqual([...similarities].sort((a, b) => b - a));
      }
    }
  });

  test("points of an image are found in itself better than in its mirror image", () => {
    const { found, examples, alpha } = whole.analysis.correspondence!;
    expect(found.map(({ change }) => change)).toEqual(["identity", "flip"]);
    expect(found[0]!.points).toMatchObject({ n: 27, metric: `PCK at ${alpha}` });
    // With the same noise both maps are one; only flat colours are found elsewhere, and block 7 sees more than those.
    expect(found[0]!.points.values[0]![1]).toBe(100);
    const mean = (index: number) =>
      cellsOf(found[index]!.points.values).reduce<number>((sum, v) => sum + v!, 0);
    expect(mean(0)).toBeGreaterThan(mean(1));
    for (const { points, judge, size } of examples) {
      expect([points.length, judge, size]).toEqual([9, "truth", 32]);
      for (const { best, matches, truth } of points) {
        expect(Math.min(...matches.map(({ distance }) => distance))).toBeGreaterThanOrEqual(best.distance);
        expect(best.distance).toBeCloseTo(Math.hypot(best.x - truth!.x, best.y - truth!.y), 2);
      }
    }
  });

  test("alignment, uniformity and shared variance are those of the stores", async () => {
    const read = async (which: string) =>
      (await readLabelled(await storeOf("whole", which), "t10/b07")).features;
    const [views, draws, even] = whole.analysis.sphere!;
    const expected = [
      alignment(await read("test-view-0"), await read("test-view-1"), { seed: 1 }).value,
      alignment(await read("test"), await read("test-draw-1"), { seed: 1 }).value,
      uniformity(await read("test")).value,
    ];
    [views, draws, even].forEach((surface, index) => {
      expect(surface!.values[0]![1]).toBeCloseTo(expected[index]!, 9);
    });
    const shared = intraclassCorrelation(await read("test"), await read("test-draw-1"));
    expect(whole.analysis.draws![0]!.values[0]![1]).toBeCloseTo(shared.value, 9);
    // Much noise leaves less in common than little.
    const [little, much] = whole.analysis.draws![0]!.values as number[][];
    for (const [column, value] of little!.entries()) expect(value).toBeGreaterThan(much![column]!);
    expect(whole.analysis.draws!.map(({ metric }) => metric)).toEqual([
      ...["intraclass correlation", "top-1, one draw", "top-1, mean of 2 draws"],
    ]);
  });

  test("the choice climbs its rungs, costs less than the grid, and its regret follows from the grid", () => {
    const { rungs, chosen, cost, regret, grid } = whole.analysis.choice!;
    expect(rungs.map(({ images, kept }) => [images, kept])).toEqual([
      [expect.closeTo(20, -1), 3],
      [60, 1],
    ]);
    expect(
      rungs.map(({ scores }) => cellsOf(scores.values).filter((value) => value !== null).length),
    ).toEqual([6, 3]);
    const last = cellsOf(rungs[1]!.scores.values).filter((value) => value !== null) as number[];
    expect(chosen.value).toBe(Math.max(...last));
    expect(cost.readings).toBe(6 * rungs[0]!.images + 3 * 60);
    expect(cost.gridReadings).toBe(360);
    expect(cost.gmac).toBeLessThan(2 * cost.gridGmac);
    const [row, column] = [grid!.timesteps.indexOf(chosen.timestep), grid!.blocks.indexOf(chosen.block)];
    const best = Math.max(...(cellsOf(grid!.values) as number[]));
    expect(regret!.value).toBeCloseTo(best - grid!.values[row]![column]!, 12);
    expect(regret!.best.top1).toBe(best);
    expect(regret!.n).toBe(40);
  });
});

test("with all images on one rung the choice is the best cell of that grid, and a finished grid gives its regret", async () => {
  const grid = pathTo("grid");
  const { analysis } = await analysed("all-budget", { parts: ["choice"], rungs: [60], score: "knn" });
  const { rungs, chosen } = analysis.choice!;
  const { values, blocks, timesteps } = rungs[0]!.scores;
  const scores = timesteps.flatMap((timestep, row) =>
    blocks.map((block, column) => ({ block, timestep, value: values[row]![column]! })),
  );
  const best = scores.reduce((held, cell) => (cell.value > held.value ? cell : held));
  expect(chosen).toMatchObject(best);
  writeRunWithGrid(grid, whole.results, best);
  const beside = await analysed("beside", { parts: ["choice"], rungs: [60], score: "knn", gridRun: grid });
  expect(beside.analysis.choice!.regret).toMatchObject({ value: 25, chosenTop1: 15, best: { top1: 40 } });
  expect(beside.analysis.choice!.regret!.protocol).toContain(grid);
});

/** A run of difftap-eval grid in which one cell has 15 per cent and every other 40. */
function writeRunWithGrid(
  path: string,
  results: Results,
  poor: { block: number; timestep: number | "clean" },
): void {
  const { blocks, timesteps, n, protocol, split, seeds } = whole.analysis.choice!.grid!;
  const top1 = timesteps.map((timestep) =>
    blocks.map((block) => (block === poor.block && timestep === poor.timestep ? 15 : 40)),
  );
  const interval = top1.map((row) => row.map((value) => [value - 10, value + 10]));
  const grid = { blocks, timesteps, top1, interval, n, protocol, split, seeds, pool: 2, baselines: [] };
  const { analysis, ...rest } = results;
  expect(analysis).toBeDefined();
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "results.json"), JSON.stringify({ ...rest, kind: "grid", grid }));
}

describe("on stores", () => {
  const stores = () => ({ train: pathTo("whole/features/train"), test: pathTo("whole/features/test") });
  const unset = { timesteps: undefined, blocks: "all" };

  test("gives the same numbers, without pictures", async () => {
    const { analysis, results } = await analysed("stored", {
      ...stores(),
      ...unset,
      rungs: [60],
      score: "knn",
    });
    expect(Object.keys(analysis).sort()).toEqual(["choice", "cka", "neighbours", "sphere"]);
    expect(analysis.cka![0]!.values).toEqual(whole.analysis.cka![0]!.values);
    expect(analysis.neighbours!.purity!.values).toEqual(whole.analysis.neighbours!.purity!.values);
    const [query] = analysis.neighbours!.shown[0]!.queries;
    expect(query).not.toHaveProperty("image");
    expect(query!.id).toBe("scene-2-0");
    expect(analysis.sphere!.map(({ metric }) => metric)).toEqual(["uniformity"]);
    expect(analysis.choice!.cost.gmac).toBe(0);
    expect(results.model.weightsDigest).toBe(whole.results.model.weightsDigest);
  });

  test.each([
    ["pictures", { parts: ["components"] }, /components cannot be made/],
    ["blocks that are not there", { blocks: [2] }, /holds none of the blocks and timesteps/],
    ["a data set beside a store", { train: trainSpec }, /one is a store and the other is not/],
    ["an image that is not there", { parts: ["neighbours"], show: [40] }, /no test image 40/],
  ])("refuses %s", async (_, given, message) => {
    await expect(analysed("refused", { ...stores(), ...unset, ...given })).rejects.toThrow(message);
  });
});

test("a second model stands beside the first; with itself all is 1", async () => {
  const { analysis } = await analysed("models", {
    ...{ parts: ["cka"], otherWeights: "scenes", estimator: "linear", train: undefined },
  });
  const [own, other] = analysis.cka!;
  expect(other!.values.length).toBe(6);
  for (const [a, row] of other!.values.entries()) expect(row[a]).toBeCloseTo(1, 9);
  expect(other!.values[1]![4]).toBeCloseTo(own!.values[1]![4]!, 9);
  expect(other!.protocol).toContain("biased");
});

test("the minibatch estimator comes near the one of all images", async () => {
  const { analysis } = await analysed("batches", {
    parts: ["cka"],
    estimator: "minibatch",
    minibatch: 10,
    train: undefined,
  });
  const [matrix] = analysis.cka!;
  expect(matrix!.n).toBe(40);
  const [near, far] = [matrix!.values[0]![3]!, whole.analysis.cka![0]!.values[0]![3]!];
  expect(Math.abs(near - far)).toBeLessThan(0.25);
});

test("what is finished is kept: an interrupted analysis goes on and ends in the same numbers", async () => {
  const given = { parts: ["choice"], rungs: [30, 60], blocks: [3], timesteps: [10, 50, 200] };
  const stopped = new AbortController();
  const stop = (task: string) => task.startsWith("choice, 60") && stopped.abort("SIGINT");
  await expect(analysed("resumed", given, { signal: stopped.signal, onTask: stop })).rejects.toMatchObject({
    code: "INTERRUPTED",
    exitCode: 130,
  });
  const kept = Object.keys(JSON.parse(readFileSync(pathTo("resumed/cells.json"), "utf8"))).length;
  expect(kept).toBe(4);
  const again = await analysed("resumed", given);
  const once = await analysed("at-once", given);
  expect(again.analysis).toEqual(once.analysis);
  expect(again.progress.filter((task) => task === "features").length).toBeLessThan(
    once.progress.filter((task) => task === "features").length,
  );
});

test("what a person reads names the numbers", async () => {
  const { printed } = await analysed(
    "read",
    { parts: ["sphere", "choice"], rungs: [60], score: "knn" },
    { json: false },
  );
  expect(printed).toMatch(/alignment of two views: .*n = 40/);
  expect(printed).toMatch(/choice: block \d+ at t = \d+, top-1 [\d.]+ % \([\d.]+–[\d.]+, n = \d+\)/);
  expect(printed).toContain(`difftap-report ${pathTo("read")}`);
  expect(JSON.parse(whole.printed)).toMatchObject({ choice: { cost: whole.analysis.choice!.cost } });
  expect(whole.printed).not.toContain("data:image");
});

test("a named pair is judged by the way back, keypoints by their truth", async () => {
  const keypoints = pathTo("keypoints.json");
  const points = [
    [4, 4],
    [20, 12],
  ];
  writeFileSync(keypoints, JSON.stringify([{ from: 0, to: 0, points, truth: points }]));
  const given = {
    parts: ["correspondence"],
    changes: ["flip"],
    changed: 1,
    pair: [0, 1],
    keypoints,
    train: undefined,
  };
  const { found, examples } = (await analysed("pairs", given)).analysis.correspondence!;
  expect(examples.map(({ title, judge }) => [title, judge])).toEqual([
    ["flip", "truth"],
    ["image scene-2-0 in image scene-2-1", "round trip"],
    ["image scene-2-0 in image scene-2-0", "truth"],
  ]);
  // The same image with the same noise.
  expect(found[1]).toMatchObject({ change: "keypoints", points: { n: 2 } });
  expect(found[1]!.points.values[0]![1]).toBe(100);
});

describe("with trained heads", () => {
  const run = () => pathTo("heads");
  let outcome: Outcome;
  beforeAll(async () => {
    await trainHeads(run());
    outcome = await analysed("with-heads", { parts: ["cka", "components", "fusion"], heads: [run()] });
  });

  test("their insides are compared with each other and with taps", () => {
    const [, heads] = outcome.analysis.cka!;
    expect(heads!.rows).toEqual(["attention, seed 0", "mlp, seed 0"]);
    expect(heads!.columns.slice(0, 3)).toEqual([...heads!.rows, "t10/b03"]);
    for (const [a, row] of heads!.values.entries()) expect(row[a]).toBeCloseTo(1, 9);
  });

  test("logits and single heads can be asked for", async () => {
    const given = { parts: ["cka"], heads: [run()], models: ["mlp"], layer: "logits", train: undefined };
    const [, heads] = (await analysed("logits", given)).analysis.cka!;
    expect(heads!.rows).toEqual(["mlp, seed 0"]);
    expect(heads!.title).toContain("logits");
    await expect(analysed("no-head", { ...given, models: ["cnn"] })).rejects.toThrow(
      /holds none of the heads cnn/,
    );
  });

  test("attention is shown over the images, summing to less than 1", () => {
    const [attention, ...others] = outcome.analysis.attention!;
    expect([attention!.head, attention!.seed, others.length]).toEqual(["attention", 0, 0]);
    expect(attention!.examples.map(({ id }) => id)).toEqual(["scene-2-0", "scene-2-5"]);
    const [{ maps }] = attention!.examples as [(typeof attention.examples)[number]];
    const sum = maps.flatMap(({ weights }) => weights).reduce((total, weight) => total + weight, 0);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThanOrEqual(1.001);
  });

  test("fusion stands beside its taps", () => {
    const [attention, mlp] = outcome.analysis.fusion!;
    expect(attention!.stages.map(({ name, place, dimensions }) => [name, place, dimensions])).toEqual([
      ["t50/b07", "before", expect.any(Number)],
      ["fused by attention", "after", 16],
    ]);
    expect(mlp!.stages.at(-1)).toMatchObject({ name: "fused by mlp", dimensions: 12 });
    for (const { stages, n, chance } of outcome.analysis.fusion!) {
      expect(n).toBe(40);
      expect(chance).toBeGreaterThan(0);
      expect(stages.at(-1)).not.toHaveProperty("cka");
      expect(stages[0]!.cka!.value).toBeLessThan(1);
    }
  });
});

/** Two heads in one run, on block 7 at t = 50 of the embedded model, a step or two. */
async function trainHeads(path: string): Promise<void> {
  await selectEngine("auto");
  await withRuntime({ weights: "scenes" }, async (runtime) => {
    const size = { height: 32, width: 32 };
    const tap = describeTap(runtime.blocks, { block: 7, timestep: 50, pool: 2, size });
    const features = await readImageFeatures({
      ...{ runtime, images: await selectImages(trainSpec, undefined), size: 32, augment: false },
      taps: { blocks: [7], timesteps: [50], pool: 2, draws: 1, seed: 0 },
    });
    const spec = { attention: { pool: 2, width: 16, heads: 2, layers: 1 }, mlp: { pool: 2, hidden: [12] } };
    const models = (["attention", "mlp"] as const).map((head) => ({
      name: `${head}, seed 0`,
      model: createHead({ head, spec: spec[head], taps: [tap], classes: 10, seed: 0 }),
    }));
    const recipe = { ...paperRecipe, batch: 20, duration: { epochs: 2 } };
    await trainMany({ models, source: features.source, recipe, folder: path });
    await features.close();
    for (const { model } of models) model.dispose();
  });
}
