import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeFileSystem } from "@difftap/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appendMetric, createRunFolder, readRunFolder, writeFigure, writeResults } from "../src/index.js";
import { environment, exampleResults } from "./example-run.js";

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "difftap-run-"));
  path = join(parent, "runs", "first");
});
afterEach(() => rm(parent, { recursive: true }));

const create = () => createRunFolder(path, { config: { block: 9, timesteps: [10, "clean"] }, environment });

describe("a run folder", () => {
  it("comes back as it was written", async () => {
    await create();
    await appendMetric(path, { step: 1, values: { loss: 2.3 } });
    await appendMetric(path, {
      step: 2,
      epoch: 0.5,
      split: "train",
      values: { loss: 2.1, "learning rate": 0.01 },
    });
    await writeResults(path, exampleResults());
    expect(await writeFigure(path, "heat-map", "<svg/>")).toBe(join(path, "figures", "heat-map.svg"));
    const run = await readRunFolder(path);
    expect(run.environment).toEqual(environment);
    expect(run.config).toBe("block: 9\ntimesteps:\n  - 10\n  - clean\n");
    expect(run.metrics.map(({ values }) => values.loss)).toEqual([2.3, 2.1]);
    expect(run.figures).toEqual(["heat-map.svg"]);
    expect(run.results.model.name).toBe("adm-cifar10");
    const { heads, attention, tapWeights, tapShares, detection, segmentation } = exampleResults();
    expect(run.results).toMatchObject({ heads, attention, tapWeights, tapShares, detection, segmentation });
    expect((await readdir(path)).sort()).toEqual([
      "config.yaml",
      "environment.json",
      "figures",
      "metrics.jsonl",
      "results.json",
    ]);
  });

  it("has every list of numbers on one line, and strings as they are", async () => {
    await create();
    const title = "[\n  1,\n  2\n]";
    await writeResults(path, { ...exampleResults(), title });
    const text = await readFile(join(path, "results.json"), "utf8");
    expect(text).toContain('"interval": [56.1, 59.2]');
    expect(text).toContain('"weights": [0.2, 0.1]');
    expect(text).toMatch(/\[null, 50\]/);
    expect((await readRunFolder(path)).results).toMatchObject({ ...exampleResults(), title });
  });

  it("needs nothing but results.json", async () => {
    await create();
    await writeResults(path, exampleResults());
    for (const name of ["config.yaml", "environment.json", "figures"])
      await rm(join(path, name), { recursive: true });
    expect(await readRunFolder(path)).toMatchObject({
      config: null,
      environment: null,
      metrics: [],
      figures: [],
    });
  });

  it("reads past a line that a crash tore, and cuts it off when the run goes on", async () => {
    await create();
    await writeResults(path, exampleResults());
    await appendMetric(path, { step: 1, values: { loss: 2 } });
    await appendFile(join(path, "metrics.jsonl"), '{"step":2,"val');
    expect((await readRunFolder(path)).metrics).toHaveLength(1);
    await create();
    await appendMetric(path, { step: 2, values: { loss: 1 } });
    expect((await readRunFolder(path)).metrics.map(({ step }) => step)).toEqual([1, 2]);
  });

  it("names the file, the line and the field of what is damaged", async () => {
    await create();
    await writeResults(path, exampleResults());
    await writeFile(join(path, "metrics.jsonl"), '{"step":1,"values":{}}\n{"step":-1,"values":{}}\n');
    await expect(readRunFolder(path)).rejects.toMatchObject({
      code: "DATA_REFUSED",
      message: expect.stringMatching(/metrics\.jsonl line 2: step: .*got -1/),
    });
    await writeFile(join(path, "metrics.jsonl"), "not json\n");
    await expect(readRunFolder(path)).rejects.toThrow(/metrics\.jsonl line 1 is not JSON/);
    await rm(join(path, "metrics.jsonl"));
    await writeFile(join(path, "environment.json"), '{"nod":"v20"}');
    await expect(readRunFolder(path)).rejects.toThrow(/environment\.json: /);
  });

  it("refuses results.json cut off at any byte", async () => {
    await create();
    const { grid, curves, heads, attention, tapWeights, tapShares, detection, segmentation, ...few } =
      exampleResults();
    await writeResults(path, few);
    const whole = (await readFile(join(path, "results.json"), "utf8")).trimEnd();
    for (let length = 0; length < whole.length; length += 7) {
      await writeFile(join(path, "results.json"), whole.slice(0, length));
      await expect(readRunFolder(path)).rejects.toMatchObject({
        code: "DATA_REFUSED",
        message: expect.stringContaining("results.json"),
      });
    }
  });

  it("says what is missing", async () => {
    await expect(readRunFolder(join(parent, "none"))).rejects.toMatchObject({
      code: "FILE_MISSING",
      message: expect.stringContaining("no run folder"),
    });
    await writeFile(join(parent, "file"), "");
    await expect(readRunFolder(join(parent, "file"))).rejects.toThrow(/is a file, not a run folder/);
    await create();
    await expect(readRunFolder(path)).rejects.toMatchObject({
      code: "FILE_MISSING",
      hint: expect.stringContaining("not finished"),
    });
  });

  it("refuses a figure's name that leads out of the folder, and a metric that is not finite", async () => {
    await create();
    await expect(writeFigure(path, "../x", "<svg/>")).rejects.toMatchObject({ code: "USAGE_INVALID" });
    await expect(appendMetric(path, { step: 1, values: { loss: Number.NaN } })).rejects.toThrow(
      /values\.loss: .*NaN/,
    );
  });

  it("says which path cannot be written", async () => {
    await writeFile(join(parent, "runs"), "a file where the folder should be");
    await expect(create()).rejects.toMatchObject({
      code: "WRITE_FAILED",
      message: expect.stringContaining(path),
    });
  });

  it("leaves the old results when writing the new ones fails", async () => {
    await create();
    await writeResults(path, exampleResults());
    const before = await readFile(join(path, "results.json"), "utf8");
    await expect(writeResults(path, { ...exampleResults(), title: "" })).rejects.toMatchObject({
      code: "USAGE_INVALID",
    });
    expect(await readFile(join(path, "results.json"), "utf8")).toBe(before);
  });

  it("leaves the old results when the disk is full, and says so", async () => {
    await create();
    await writeResults(path, exampleResults());
    const before = await readFile(join(path, "results.json"), "utf8");
    const fileSystem = {
      ...nodeFileSystem,
      open: () => Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" })),
    };
    await expect(writeResults(path, exampleResults(), { fileSystem })).rejects.toMatchObject({
      code: "WRITE_FAILED",
      message: expect.stringContaining(join(path, "results.json")),
      hint: expect.stringContaining("disk is full"),
    });
    expect(await readFile(join(path, "results.json"), "utf8")).toBe(before);
  });
});
