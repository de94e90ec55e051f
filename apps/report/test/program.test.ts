import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryTerminal, runCommand } from "@difftap/command-line";
import { createRunFolder, writeResults } from "@difftap/run-folder";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reportProgram } from "../src/index.js";
import { denseResults } from "./example-dense.js";
import { headResults } from "./example-heads.js";
import { environment, wholeResults } from "./example-runs.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "difftap-report-"));
  await createRunFolder(join(folder, "run"), { config: { seed: 0 }, environment });
  await writeResults(join(folder, "run"), wholeResults());
});
afterEach(() => rm(folder, { recursive: true }));

async function run(...argv: string[]) {
  const terminal = memoryTerminal();
  const exitCode = await runCommand(reportProgram(terminal), argv, terminal);
  return { exitCode, data: terminal.written.data, notes: terminal.written.notes.join("\n") };
}

describe("difftap-report", () => {
  it("writes the page and prints its path", async () => {
    const out = join(folder, "deep", "page.html");
    const { exitCode, data, notes } = await run(join(folder, "run"), "--out", out, "--title", "Mine");
    expect({ exitCode, data }).toEqual({ exitCode: 0, data: `${out}\n` });
    expect(notes).toContain("reads best");
    expect(await readFile(out, "utf8")).toContain("<h1>Mine</h1>");
  });

  it("writes figures, light and dark, when asked", async () => {
    const { exitCode, data } = await run(
      join(folder, "run"),
      "--out",
      join(folder, "page.html"),
      "--figures",
      "--json",
    );
    expect(exitCode).toBe(0);
    const names = ["accuracy-over-blocks", "curve-1", "heat-map"].flatMap((name) => [
      `${name}-dark.svg`,
      `${name}.svg`,
    ]);
    expect(await readdir(join(folder, "run", "figures"))).toEqual(names);
    const { report, figures, runs } = JSON.parse(data);
    expect(report).toBe(join(folder, "page.html"));
    expect(figures).toHaveLength(6);
    expect(runs[0]).toMatchObject({
      path: join(folder, "run"),
      title: "A whole <run>",
      headline: "Block 3 at t = 50 reads best: 51.0 % (49.5–52.5), n = 4,000.",
    });
  });

  it("writes figures of heads: contributions, attention, curves", async () => {
    await writeResults(join(folder, "run"), headResults());
    const { exitCode, notes } = await run(
      join(folder, "run"),
      "--out",
      join(folder, "page.html"),
      "--figures",
    );
    expect(exitCode).toBe(0);
    expect(notes).toContain("Difformer reads best: 62.0 ± 1.0 %");
    const names = ["attention-1", "contributions-1", "contributions-2", "curve-1", "curve-2", "curve-3"];
    expect(await readdir(join(folder, "run", "figures"))).toEqual(
      names.flatMap((name) => [`${name}-dark.svg`, `${name}.svg`]),
    );
    for (const name of names) {
      const svg = await readFile(join(folder, "run", "figures", `${name}.svg`), "utf8");
      expect(svg).toMatch(/^<svg xmlns/);
      expect(svg).not.toMatch(/NaN|undefined|var\(--/);
    }
  });

  it("writes figures of detectors and segmenters that have pictures", async () => {
    await writeResults(join(folder, "run"), denseResults());
    const out = join(folder, "page.html");
    const { exitCode, notes } = await run(join(folder, "run"), "--out", out, "--figures");
    expect(exitCode).toBe(0);
    expect(notes).toContain("Frozen: AP50 of 71.0 %");
    const names = ["detection-1", "segmentation-1"].flatMap((name) => [`${name}-dark.svg`, `${name}.svg`]);
    expect(await readdir(join(folder, "run", "figures"))).toEqual(names);
    for (const name of names) {
      const svg = await readFile(join(folder, "run", "figures", name), "utf8");
      expect(svg).toMatch(/^<svg xmlns/);
      expect(svg).not.toMatch(/NaN|undefined|var\(--|<script/);
    }
  });

  it("begins its help with an example", async () => {
    const { exitCode, data } = await run("--help");
    expect(exitCode).toBe(0);
    expect(data).toMatch(/^Example:\n {2}difftap-report runs\/grid --out report\.html/);
  });

  it("refuses unknown options, no runs, and what is no run folder", async () => {
    expect(await run(join(folder, "run"), "--titel", "x")).toMatchObject({
      exitCode: 2,
      notes: expect.stringContaining("--title"),
    });
    expect(await run()).toMatchObject({
      exitCode: 2,
      notes: expect.stringContaining("missing required argument"),
    });
    expect(await run(join(folder, "none"))).toMatchObject({
      exitCode: 2,
      data: "",
      notes: expect.stringContaining("no run folder"),
    });
    expect(await run(folder, "--json")).toMatchObject({
      exitCode: 2,
      data: "",
      notes: expect.stringContaining("results.json"),
    });
  });

  it("ends with 3 for a damaged run, writing nothing", async () => {
    await writeFile(join(folder, "run", "results.json"), '{"schema":"difftap.results/1"}');
    const { exitCode, notes } = await run(join(folder, "run"), "--out", join(folder, "page.html"));
    expect(exitCode).toBe(3);
    expect(notes).toMatch(/results\.json: kind: /);
    expect(await readdir(folder)).toEqual(["run"]);
  });

  it("ends with 1 and the path when the page cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    const { exitCode, notes } = await run(join(folder, "run"), "--out", join(folder, "file", "page.html"));
    expect(exitCode).toBe(1);
    expect(notes).toContain(join(folder, "file", "page.html"));
  });
});
