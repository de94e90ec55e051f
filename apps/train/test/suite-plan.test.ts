/** A suite as jobs: which, in which order, with which settings; and what is refused before anything runs. */
import { memoryTerminal } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { shardFromEnvironment } from "@difftap/eval";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { trainProgram } from "../dist/index.js";
import { knownCommands } from "../src/suite-commands.js";
import { type Job, planSuite } from "../src/suite-plan.js";
import { type SuiteSettings, suiteOptions } from "../src/suite-settings.js";
import { shareOf } from "../src/suite-shard.js";

const commands = knownCommands(trainProgram(memoryTerminal()));
const schema = z.object(
  Object.fromEntries(Object.entries(suiteOptions).map(([name, { value }]) => [name, value])),
);
const place = (name: string) => `$\{${name}}`;

const plan = (suite: object): Job[] =>
  planSuite(schema.parse({ out: "runs/suite", ...suite }) as SuiteSettings, commands);

const two = {
  datasets: {
    cars: { train: `folder:${place("data")}/cars/train`, test: "folder:cars/test" },
    "CUB-200": { train: "folder:cub/train", test: "folder:cub/test", trainCount: 50 },
  },
  readings: {
    linear: { command: "train head", settings: { head: "linear", epochs: 2 } },
    "20-NN": {
      before: [
        {
          command: "eval features",
          settings: {
            dataset: place("train"),
            out: `${place("out")}/${place("seed")}.zarr`,
            seed: place("seed"),
          },
        },
      ],
      command: "eval knn",
      settings: { train: `${place("out")}/${place("seed")}.zarr`, test: "test.zarr" },
    },
  },
  seeds: [3, 5],
  data: "sets",
  weights: "model.pt",
  settings: { engine: "wasm", workers: 1 },
};

describe("the jobs", () => {
  const jobs = plan(two);

  test("are data sets × readings × seeds, in this order; commands that take several seeds are one job", () => {
    expect(jobs.map(({ title }) => title)).toEqual([
      "cars, linear",
      "cars, 20-NN, seed 3",
      "cars, 20-NN, seed 5",
      "CUB-200, linear",
      "CUB-200, 20-NN, seed 3",
      "CUB-200, 20-NN, seed 5",
    ]);
    expect(jobs.map(({ name }) => name).slice(3, 5)).toEqual(["cub-200-linear", "cub-200-20-nn-seed-3"]);
    expect(jobs.map(({ leavesRun }) => leavesRun)).toEqual([true, false, false, true, false, false]);
  });

  test("hold what the suite, the data set and the reading say, as far as the command knows it", () => {
    expect(jobs[0]!.steps).toEqual([
      {
        command: "train head",
        settings: {
          ...{ engine: "wasm", weights: "model.pt", seeds: [3, 5], head: "linear", epochs: 2 },
          ...{ train: "folder:sets/cars/train", test: "folder:cars/test", out: place("out") },
        },
      },
    ]);
    expect(jobs[5]!.steps).toEqual([
      {
        command: "eval features",
        settings: {
          ...{ workers: 1, weights: "model.pt", dataset: "folder:cub/train", seed: 5 },
          out: `${place("out")}/5.zarr`,
        },
      },
      { command: "eval knn", settings: { train: `${place("out")}/5.zarr`, test: "test.zarr" } },
    ]);
    expect(jobs[3]!.steps[0]!.settings).toMatchObject({ trainCount: 50 });
  });

  test("keep their digest when others come or the suite's folder moves, and change it with their settings", () => {
    const digests = (suite: object) => plan(suite).map(({ digest }) => digest);
    const all = digests(two);
    expect(new Set(all).size).toBe(6);
    expect(digests({ ...two, only: ["CUB-200"], out: "elsewhere" })).toEqual(all.slice(3));
    const later = { ...two, readings: { linear: { ...two.readings.linear, settings: { epochs: 3 } } } };
    expect(all).not.toContain(digests(later)[0]);
    expect(digests({ ...two, seeds: [5] }).slice(1, 2)).toEqual([all[2]]);
  });

  test("are fewer where data sets and readings are named, and more where jobs are listed", () => {
    const titles = (suite: object) => plan(suite).map(({ title }) => title);
    expect(titles({ ...two, only: ["linear"] })).toEqual(["cars, linear", "CUB-200, linear"]);
    expect(titles({ ...two, only: ["cars", "linear"] })).toEqual(["cars, linear"]);
    const readings = { linear: { ...two.readings.linear, datasets: ["cars"] } };
    const jobs = [{ dataset: "CUB-200", reading: "linear", command: "train finetune", preset: "cifar10" }];
    const mixed = plan({ ...two, readings, jobs, settings: {} });
    expect(mixed.map(({ title }) => title)).toEqual(["cars, linear", "CUB-200, linear"]);
    expect(mixed[1]!.steps[0]).toMatchObject({ command: "train finetune", preset: "cifar10" });
    expect(mixed[1]!.steps[0]!.settings).toMatchObject({ train: "folder:cub/train", trainCount: 50 });
  });

  test("go to shards in turn", () => {
    const names = (index: number) =>
      shareOf(jobs, { index, count: 4 }).map(({ name }) => jobs.findIndex((job) => job.name === name));
    expect([0, 1, 2, 3].map(names)).toEqual([[0, 4], [1, 5], [2], [3]]);
    expect(shareOf(jobs, undefined)).toHaveLength(6);
    expect(shardFromEnvironment({ JOB_COMPLETION_INDEX: "1", SHARD_COUNT: "4" })).toEqual({
      index: 1,
      count: 4,
    });
    expect(shardFromEnvironment({ SLURM_ARRAY_TASK_ID: "0", SLURM_ARRAY_TASK_COUNT: "2" })).toEqual({
      index: 0,
      count: 2,
    });
    expect(shardFromEnvironment({ SHARD_COUNT: "4" })).toBeUndefined();
  });
});

describe("refused before anything runs", () => {
  const linear = two.readings.linear;
  const refusals: readonly (readonly [what: string, change: object, message: string, hint: string])[] = [
    ["nothing to do", { readings: {} }, "no data set with a reading", "--preset"],
    [
      "an unknown command",
      { readings: { x: { command: "train heads" } } },
      '"train heads"',
      'did you mean "train head"',
    ],
    [
      "a suite in a suite",
      { readings: { x: { command: "train suite" } } },
      '"train suite"',
      "Known: train head",
    ],
    [
      "an unknown setting of a reading",
      { readings: { x: { command: "train head", settings: { epoch: 1 } } } },
      'cars, x: train head has no setting "epoch"',
      'did you mean "epochs"',
    ],
    [
      "an unknown setting of a step before",
      {
        readings: {
          x: { ...two.readings["20-NN"], before: [{ command: "eval features", settings: { datset: "x" } }] },
        },
      },
      'eval features has no setting "datset"',
      'did you mean "dataset"',
    ],
    [
      "a setting of a data set that no command has",
      { datasets: { cars: { ...two.datasets.cars, trian: 1 } } },
      'cars: no command has a setting "trian"',
      'did you mean "train"',
    ],
    [
      "a setting of the suite that no command has",
      { settings: { engin: 1 } },
      'settings: no command has a setting "engin"',
      '"engine"',
    ],
    [
      "an unknown placeholder",
      { readings: { x: { ...linear, settings: { train: place("trian") } } } },
      `cars, x: nothing is known for ${place("trian")}`,
      'did you mean "train"',
    ],
    [
      "a placeholder without its flag",
      { data: undefined },
      `nothing is known for ${place("data")}`,
      "give --data",
    ],
    [
      "a folder for a job",
      { readings: { x: { ...linear, settings: { out: "x" } } } },
      'cars, x: "out" is given for train head',
      "leave it out",
    ],
    [
      "a preset of a command without any",
      { readings: { x: { ...two.readings["20-NN"], preset: "fast" } } },
      'eval knn has no presets, "fast" is given',
      "settings themselves",
    ],
    [
      "a number without a seed",
      { readings: { x: { command: "eval knn", settings: { train: "a.zarr", test: "b.zarr" } } } },
      "cars, x: eval knn prints no seed",
      place("seed"),
    ],
    [
      "an unknown data set of a reading",
      { readings: { x: { ...linear, datasets: ["car"] } } },
      'readings.x.datasets: the suite has no "car"',
      '"cars"',
    ],
    [
      "a paper's figure of an unknown data set",
      { readings: { x: { ...linear, paper: { metric: "top-1", source: "a", figures: { CUB: 1 } } } } },
      'readings.x.paper.figures: the suite has no "CUB"',
      "Known: cars, CUB-200",
    ],
    ["an unknown name to take", { only: ["linaer"] }, '--only: the suite has no "linaer"', '"linear"'],
    [
      "folders that would be one",
      { readings: { "a b": linear, "a-b": linear } },
      '"cars, a b" and "cars, a-b" would share',
      "differ",
    ],
  ];

  test.each(refusals)("%s", (_, change, message, hint) => {
    const refused = () => plan({ ...two, ...change });
    expect(refused).toThrow(DifftapError);
    try {
      refused();
    } catch (error) {
      expect((error as DifftapError).code).toBe("CONFIG_INVALID");
      expect((error as DifftapError).message).toContain(message);
      expect((error as DifftapError).hint).toContain(hint);
    }
  });
});
