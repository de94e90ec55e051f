/** Suites as a user types them: tiny stores and images, every job in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { memoryTerminal, runCommand } from "@difftap/command-line";
import { readRunFolder, type SuiteRow } from "@difftap/run-folder";
import { latestCheckpoint } from "@difftap/trainer";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { trainProgram } from "../dist/index.js";
import { evaluate, folder, makeModel, makeStore } from "./world.js";

// Most tests start several processes, one after the other.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const bin = resolve(import.meta.dirname, "../dist/bin.js");
const place = (name: string) => `$\{${name}}`;

interface Printed {
  readonly rows: readonly SuiteRow[];
  readonly failures: readonly { readonly job: string; readonly reason: string }[];
  readonly missing: readonly string[];
}

/** The arguments of a suite of these settings, in a folder of its own. */
function suiteOf(name: string, settings: object): string[] {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(settings));
  return ["suite", "--config", file, "--out", join(folder, name), "--json"];
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end; `started` is called with it as soon as it has started. */
function run(
  argv: readonly string[],
  {
    environment = {},
    started = () => {},
  }: { environment?: NodeJS.ProcessEnv; started?: (suite: ChildProcess) => void } = {},
): Promise<Ended> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [bin, ...argv], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
  });
  started(child);
  return new Promise((ended) => child.on("close", (code) => ended({ code, out, err })));
}

const inJob = (suite: string, job: string, file: string) => join(folder, suite, "jobs", job, file);

let stores: { train: string; test: string };
let weights: string;
beforeAll(async () => {
  stores = {
    train: await makeStore("suite-train", { samples: 120 }),
    test: await makeStore("suite-test", { samples: 60 }),
  };
  weights = await makeModel();
});

describe("a suite", () => {
  const out = "whole";
  const linear = { command: "train head", settings: { arrays: ["t50/b02"], epochs: 1, batch: 40 } };
  const settings = () => ({
    title: "Tiny",
    datasets: {
      stored: stores,
      images: { train: "scenes:count=40,size=16" },
    },
    readings: {
      linear: {
        ...linear,
        datasets: ["stored"],
        paper: { metric: "top-1", source: "a paper", figures: { stored: 64.9 } },
      },
      probe: {
        command: "eval probe",
        settings: { array: "t50/b05", seed: place("seed") },
        datasets: ["stored"],
      },
      kNN: {
        before: [
          {
            command: "eval features",
            settings: {
              ...{ dataset: place("train"), blocks: [5], timesteps: [10], seed: place("seed"), batch: 8 },
              out: `${place("out")}/own.zarr`,
            },
          },
        ],
        command: "eval knn",
        settings: { train: `${place("out")}/own.zarr`, test: `${place("out")}/own.zarr`, k: [1, 5] },
        datasets: ["images"],
      },
    },
    seeds: [0, 1],
    weights,
  });
  const jobs = [
    "stored-linear",
    "stored-probe-seed-0",
    "stored-probe-seed-1",
    "images-knn-seed-0",
    "images-knn-seed-1",
  ];

  test("in two shards: the one that ends last makes the table of all", async () => {
    const first = await run([...suiteOf(out, settings()), "--shard", "0/2"]);
    expect(first.code, first.err).toBe(0);
    expect(first.err).toContain("not finished: stored, probe, seed 0; images, kNN, seed 0");
    expect((JSON.parse(first.out) as Printed).missing).toHaveLength(2);
    expect(existsSync(join(folder, out, "results.json"))).toBe(false);
    // A cluster's variables, and settings by variables: none of them reaches the jobs.
    const environment = { JOB_COMPLETION_INDEX: "1", SHARD_COUNT: "2", DIFFTAP_COUNT: "7" };
    const last = await run(suiteOf(out, settings()), { environment });
    expect(last.code, last.err).toBe(0);
    const printed = JSON.parse(last.out) as Printed;
    expect(readdirSync(join(folder, out, "jobs")).sort()).toEqual([...jobs].sort());
    const { results, config } = await readRunFolder(join(folder, out));
    expect(results).toMatchObject({ kind: "suite", title: "Tiny", seeds: [0, 1] });
    expect(results.suite).toMatchObject({ rows: printed.rows, failures: [], missing: [] });
    expect(config).not.toContain("shard");
  });

  test("has the numbers of its jobs, seeds together", async () => {
    const { results } = await readRunFolder(join(folder, out));
    const [first, probe, ...neighbours] = results.suite!.rows;
    const { results: job } = await readRunFolder(join(folder, out, "jobs", "stored-linear"));
    const [head] = job.heads!;
    expect(first).toMatchObject({
      dataset: "stored",
      reading: "linear",
      value: head!.mean,
      deviation: head!.deviation,
    });
    expect(first).toMatchObject({ n: 60, seeds: [0, 1], paper: { value: 64.9, source: "a paper" } });
    const alone = evaluate(
      "probe",
      "--train",
      stores.train,
      "--test",
      stores.test,
      "--array",
      "t50/b05",
      "--json",
    );
    const { top1, interval } = JSON.parse(alone.out) as { top1: number; interval: [number, number] };
    expect(probe).toMatchObject({ reading: "probe", value: top1, deviation: 0, interval, seeds: [0, 1] });
    expect(probe!.folders).toEqual(["jobs/stored-probe-seed-0", "jobs/stored-probe-seed-1"]);
    expect(neighbours.map(({ name, n, seeds }) => [name, n, seeds])).toEqual([
      ["k = 1", 40, [0, 1]],
      ["k = 5", 40, [0, 1]],
    ]);
  });

  test("run again starts nothing and prints the same table, in Markdown too", async () => {
    const logs = () => jobs.map((job) => statSync(inJob(out, job, "job.log")).size);
    const before = logs();
    const { results } = await readRunFolder(join(folder, out));
    const again = await run(suiteOf(out, settings()).slice(0, -1));
    expect(again.code, again.err).toBe(0);
    expect(logs()).toEqual(before);
    expect((await readRunFolder(join(folder, out))).results.suite).toEqual(results.suite);
    const { value, deviation } = results.suite!.rows[0]!;
    expect(again.out).toContain(
      `| stored | linear | top-1 | ${value.toFixed(2)} ± ${deviation!.toFixed(2)} % |`,
    );
    expect(again.out.split("\n").filter((line) => line.startsWith("| "))).toHaveLength(6);
  });

  test("with --table-only names what is missing", async () => {
    rmSync(inJob(out, "stored-linear", "job-finished.json"));
    const table = await run([...suiteOf(out, settings()), "--table-only"]);
    expect(table.code, table.err).toBe(0);
    const printed = JSON.parse(table.out) as Printed;
    expect(printed.missing).toEqual(["stored, linear"]);
    expect(printed.rows.map(({ reading }) => reading)).toEqual(["probe", "kNN", "kNN"]);
    const nothing = await run([...suiteOf("nothing", settings()), "--table-only"]);
    expect([nothing.code, existsSync(join(folder, "nothing"))]).toEqual([2, false]);
    expect(nothing.err).toContain("no job of the suite has ended");
  });

  test("of other settings does not mix with what is finished", async () => {
    const changed = { ...settings(), seeds: [0], readings: { ...settings().readings } };
    changed.readings.probe = {
      ...changed.readings.probe,
      settings: { ...changed.readings.probe.settings, array: "t50/b02" },
    };
    const refused = await run(suiteOf(out, changed));
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("stored, probe, seed 0 was finished with other settings");
  });
});

test("a job that fails is recorded, the others go on; mended and run again, it is run again", async () => {
  const later = join(folder, "later");
  const argv = suiteOf("failing", {
    datasets: { absent: { ...stores, train: later }, there: stores },
    readings: {
      linear: { command: "train head", settings: { arrays: ["t50/b02"], epochs: 1, batch: 40 } },
      probe: { command: "eval probe", settings: { array: "t50/b02", seed: place("seed") } },
    },
    only: ["linear"],
  });
  const failed = await run(argv);
  expect(failed.code).toBe(1);
  expect(failed.err).toContain("1 of 2 jobs failed: absent, linear");
  const { rows, failures, missing } = JSON.parse(failed.out) as Printed;
  expect([rows.map(({ dataset }) => dataset), missing]).toEqual([["there"], []]);
  expect(failures[0]!.job).toBe("absent, linear");
  expect(failures[0]!.reason).toMatch(/^exit \d: error .*later/);
  expect(readFileSync(inJob("failing", "absent-linear", "job.log"), "utf8")).toContain("later");
  await makeStore("later", { samples: 120 });
  const mended = await run(argv);
  expect(mended.code, mended.err).toBe(0);
  const printed = JSON.parse(mended.out) as Printed;
  expect(printed.rows.map(({ dataset }) => dataset)).toEqual(["absent", "there"]);
  expect(printed.failures).toEqual([]);
});

describe("a suite of boxes, masks and pixels", () => {
  const shared = { canvas: "24x24", blocks: [6, 8], timesteps: [10], epochs: 1, batch: 4 };
  const detector = { neck: { name: "fpn", width: 16 }, layers: 1, groups: 4, masks: { layers: 1 } };
  const settings = () => ({
    weights,
    datasets: { shapes: { train: "scenes:count=12,size=24,seed=1", test: "scenes:count=6,size=24,seed=2" } },
    readings: {
      detector: {
        command: "train detect",
        settings: { ...shared, spec: detector },
        metrics: ["box AP", "mask AP"],
      },
      segmenter: {
        command: "train segment",
        settings: { ...shared, spec: { width: 16, groups: 4 } },
        metrics: ["mIoU"],
      },
    },
  });

  test("has a row for each number that is asked for, as the run has it", async () => {
    const { code, out, err } = await run(suiteOf("dense", settings()));
    expect(code, err).toBe(0);
    const { rows } = JSON.parse(out) as Printed;
    expect(rows.map(({ reading, metric, n, seeds }) => [reading, metric, n, seeds])).toEqual([
      ["detector", "box AP", 6, [0]],
      ["detector", "mask AP", 6, [0]],
      ["segmenter", "mIoU", 6, [0]],
    ]);
    for (const { value, interval } of rows) {
      expect(value).toBeGreaterThanOrEqual(interval[0]);
      expect(value).toBeLessThanOrEqual(interval[1]);
    }
    const { results } = await readRunFolder(join(folder, "dense", "jobs", "shapes-segmenter"));
    expect(rows[2]!.value).toBe(results.segmentation![0]!.mean);
  });

  test("names what a reading does not give", async () => {
    const other = settings();
    other.readings.segmenter.metrics = ["box AP"];
    const { code, err } = await run(suiteOf("dense", other));
    expect(code).toBe(2);
    expect(err).toContain('shapes, segmenter gives no "box AP"');
    expect(err).toContain("metrics takes of mIoU, pixel accuracy, mean accuracy");
  });
});

/** Runs a suite; `then` is called with it once its job has a checkpoint. */
function whileTraining(name: string, settings: object, then: (suite: ChildProcess) => void): Promise<Ended> {
  const checkpoints = inJob(name, "stored-linear", "checkpoints");
  return run(suiteOf(name, settings), {
    started: (suite) => {
      const timer = setInterval(() => {
        if (suite.exitCode !== null) clearInterval(timer);
        if (!existsSync(checkpoints) || readdirSync(checkpoints).length === 0) return;
        clearInterval(timer);
        then(suite);
      }, 20);
    },
  });
}

/** The process that it has started. */
function childOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

describe("broken off while a job trains", () => {
  const settings = () => ({
    datasets: { stored: stores },
    readings: {
      linear: {
        command: "train head",
        settings: {
          ...{ arrays: ["t50/b05"], optimizer: "adamw", mixup: 0.2, epochs: 100, batch: 16 },
          ...{ checkpointEvery: 10, evaluateEvery: 50 },
        },
      },
    },
  });

  beforeAll(async () => {
    expect((await run(suiteOf("undisturbed", settings()))).code).toBe(0);
  });

  const weightsOf = async (suite: string) =>
    (await latestCheckpoint(join(folder, suite, "jobs", "stored-linear", "checkpoints")))!.models[0]!.tensors;

  test.skipIf(process.platform !== "linux")(
    "by the end of the job's process, it says so; run again it ends as if nothing had been",
    async () => {
      const { code, err } = await whileTraining("killed", settings(), (suite) =>
        process.kill(childOf(suite), "SIGKILL"),
      );
      expect(code, err).toBe(1);
      expect(err).toContain("stored, linear: ended by SIGKILL: ");
      expect((await run(suiteOf("killed", settings()))).code).toBe(0);
      expect(await weightsOf("killed")).toEqual(await weightsOf("undisturbed"));
    },
  );

  test("by Ctrl-C, the job saves, the suite ends with 130, and goes on when run again", async () => {
    const { code, err } = await whileTraining("interrupted", settings(), (suite) => suite.kill("SIGINT"));
    expect(code, err).toBe(130);
    expect(readFileSync(inJob("interrupted", "stored-linear", "job.log"), "utf8")).toContain(
      "SIGINT: finishing",
    );
    expect(existsSync(inJob("interrupted", "stored-linear", "checkpoints"))).toBe(true);
    expect(existsSync(inJob("interrupted", "stored-linear", "job-finished.json"))).toBe(false);
    expect((await run(suiteOf("interrupted", settings()))).code).toBe(0);
    expect(await weightsOf("interrupted")).toEqual(await weightsOf("undisturbed"));
  });
});

/** Exit code and all that is said; nothing is started for these. */
async function refusalOf(argv: readonly string[]): Promise<[number, string]> {
  const terminal = memoryTerminal();
  const code = await runCommand(trainProgram(terminal), argv, terminal);
  return [code, terminal.written.notes.join("\n")];
}

describe("bad files are refused and explained", () => {
  test.each([
    ["an unknown key", { reading: {} }, 'did you mean "readings"'],
    [
      "an unknown key of a reading",
      { readings: { x: { command: "train head", setings: {} } } },
      'unknown key "setings", did you mean "settings"',
    ],
    ["a reading without a command", { readings: { x: {} } }, "readings.x.command"],
    ["a list for a mapping", { datasets: [1] }, "--datasets"],
    [
      "a paper without a source",
      { readings: { x: { command: "train head", paper: { metric: "top-1", figures: {} } } } },
      "paper.source",
    ],
    [
      "settings that no command has",
      { settings: { a: 1 }, datasets: { x: {} }, readings: { y: { command: "train head" } } },
      'settings: no command has a setting "a"',
    ],
  ])("%s", async (_, settings, text) => {
    const [code, said] = await refusalOf(suiteOf("refused", settings));
    expect(said).toContain(text);
    expect([code, existsSync(join(folder, "refused"))]).toEqual([2, false]);
  });

  test("no YAML at all", async () => {
    const file = join(folder, "torn.yaml");
    writeFileSync(file, "datasets: { cars: [");
    const [code, said] = await refusalOf(["suite", "--config", file, "--out", join(folder, "torn")]);
    expect(code).toBe(2);
    expect(said).toContain("is not valid YAML");
  });
});
