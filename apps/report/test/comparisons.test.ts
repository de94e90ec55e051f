/** Trained heads beside a grid of the same images. */
import type { ResultsInput } from "@difftap/run-folder";
import { describe, expect, it } from "vitest";
import { renderReport } from "../src/index.js";
import { headRow } from "./example-heads.js";
import { bareResults, gridOf, HOSTILE, runOf } from "./example-runs.js";

const heads: ResultsInput = {
  ...bareResults(),
  kind: "head",
  title: "Heads",
  heads: [headRow("linear", 40, 1000, [0]), headRow("difformer", 55, 2000)],
};
const top1 = [36.5, 45.5, 36.25];
const interval = top1.map((value): [number, number] => [value - 1.5, value + 1.5]);
const grid: ResultsInput = {
  ...bareResults(),
  kind: "grid",
  title: "Grid",
  grid: {
    ...gridOf(3, [10, 50]),
    baselines: [
      {
        name: "random weights",
        timestep: 50,
        top1,
        interval,
      },
      { name: HOSTILE, top1: 33.625, interval: [32.25, 35] },
      { name: "without an interval", top1: 30 },
    ],
  },
};

/** What a reader without pictures gets, on one line. */
const read = (markup: string) =>
  markup
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<svg.*?<\/svg>/gs, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/[\u00A0\u202F]/g, " ")
    .replace(/\s+/g, " ");
const pageOf = (...runs: ResultsInput[]) => renderReport(runs.map((run) => runOf(run)));
const page = pageOf(grid, heads);
const joined = "Trained heads and simpler readings of the same images";

describe("heads beside a grid of the same images", () => {
  it("stand in one table with its best cell and the best of each baseline", () => {
    const [table] = /<table class="plain results heads">.*?<\/table>/s.exec(page)!;
    for (const row of [
      "linear pool 2; t10/b08 40.0 % 38.5–41.5 4,000 0 1,000",
      "difformer pool 2; t10/b08, t10/b09, t10/b11, t90/b08, t90/b09, t90/b11 55.0 ± 1.0 %",
      "On the same images best of the grid, block 2, t = 50, pool 2 51.0 % 49.5–52.5 4,000 0, 1 – – solved linear probe",
      "random weights, block 2, t = 50, pool 2 45.5 % 44.0–47.0 4,000 0, 1",
      "33.6 % 32.3–35.0 4,000",
    ])
      expect(read(table)).toContain(row);
    expect(read(table)).not.toContain("without an interval");
    expect(page.match(/<table class="plain results heads">/g)).toHaveLength(1);
  });

  it("are judged in words, the best first", () => {
    expect(read(page)).toContain(
      `${joined} Difformer reads best: 55.0 ± 1.0 % (52.5–57.5), n = 4,000, seeds 0, 1, 2. Below best of the grid, block 2, t = 50, pool 2 (51.0 %): linear. Below random weights, block 2, t = 50, pool 2 (45.5 %): linear. No head reads worse than cat`,
    );
  });

  it("are drawn in one chart, sorted, with their intervals", () => {
    const [chart] = /<svg [^>]*aria-label="Top-1 in per cent: difformer 55.*?<\/svg>/s.exec(page)!;
    const names = [...chart.matchAll(/text-anchor="end" fill="[^"]*">([^<]*)</g)].map(([, name]) => name);
    expect(names.map((name) => name!.split(",")[0])).toEqual([
      "difformer",
      "best of the grid",
      "random weights",
      "linear",
      expect.stringContaining("&lt;script&gt;"),
    ]);
    const dots = [...chart.matchAll(/<path d="M([\d.]+) .*?H([\d.]+)M.*?<circle cx="([\d.]+)"/g)];
    expect(dots).toHaveLength(5);
    for (const [, low, high, middle] of dots) {
      expect(Number(low)).toBeLessThan(Number(middle));
      expect(Number(middle)).toBeLessThan(Number(high));
    }
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(page).not.toContain(HOSTILE);
  });

  it("come before the numbers of all runs, which list the best of each baseline too", () => {
    expect(page.indexOf(joined)).toBeLessThan(page.indexOf("All numbers"));
    expect(read(page.slice(page.indexOf("All numbers")))).toContain(
      "random weights, block 2, t = 50, pool 2 top-1 45.5 %",
    );
  });

  it("of several runs keep their titles and their own tables", () => {
    const second = { ...heads, title: "Second" };
    const three = pageOf(grid, heads, second);
    expect(read(three)).toMatch(/protocol Heads linear .* Second linear .* On the same images/);
    expect(three.match(/<table class="plain results heads">/g)).toHaveLength(3);
  });
});

describe("a grid of other images", () => {
  const { dataset } = bareResults();
  it.each([
    ["another set", { ...dataset, name: "other" }],
    ["fewer test images", { ...dataset, test: 3000 }],
    ["the same name with another digest", { ...dataset, digest: "00" }],
  ])("stands apart: %s", (_, other) => {
    const own = { ...heads, dataset: { ...dataset, digest: "ff" } };
    expect(pageOf({ ...grid, dataset: other }, own)).not.toContain(joined);
  });

  it("leaves heads of other images out of its table", () => {
    const other = { ...heads, title: "Elsewhere", dataset: { ...dataset, name: "other" } };
    const both = pageOf(grid, heads, other);
    expect(read(both)).toContain(`${joined}: cifar10 Difformer reads best`);
    const [table] = /<table class="plain results heads">.*?<\/table>/s.exec(both)!;
    expect(read(table)).not.toContain("Elsewhere");
    expect(both.match(/<table class="plain results heads">/g)).toHaveLength(2);
  });

  it("says nothing of a run without heads", () => {
    expect(pageOf(grid, grid)).not.toContain(joined);
  });
});
