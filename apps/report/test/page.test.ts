import { describe, expect, it } from "vitest";
import { heatMapSvg, lineChartSvg, paperNumbers, renderReport } from "../src/index.js";
import { bareResults, environment, gridOf, HOSTILE, PIXEL, runOf, wholeResults } from "./example-runs.js";

const page = renderReport([runOf(wholeResults(), { environment, config: "block: <9>\n" })]);
/** What a reader without pictures gets. */
const text = (markup: string) =>
  markup
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<svg.*?<\/svg>/gs, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/[\u00A0\u202F]/g, " ");

describe("the page", () => {
  it("holds the numbers of every picture as text", () => {
    const read = text(page);
    for (const cell of gridOf(5, ["clean", 50]).top1.flat()) expect(read).toContain(cell?.toFixed(1));
    expect(read).toContain("48.5–51.5");
    for (const baseline of ["33.6", "36.1", "36.2", "36.3", "36.4", "36.5"]) expect(read).toContain(baseline);
    for (const point of ["2.25", "1.75", "1.5", "2.375", "1.625"]) expect(read).toContain(point);
    for (const count of ["700", "100", "101", "102"]) expect(read).toContain(count);
    for (const share of ["77.8", "77.6", "77.4", "0.99", "0.87"]) expect(read).toContain(share);
  });

  it("says protocol, split, n and seeds beside the numbers", () => {
    expect(text(page)).toMatch(/solved linear probe; split test; n = 4,000; seeds 0, 1/);
    expect(text(page)).toMatch(/20-NN\s+44\.1 %\s+42\.5–45\.6\s+4,000\s+cosine, k = 20\s+test\s+0, 1/);
  });

  it("escapes everything", () => {
    expect(page).not.toContain(HOSTILE);
    expect(page).not.toMatch(/<script/i);
    expect(page).not.toMatch(/<img src=x/);
    expect(page).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;");
    expect(page).toContain("A whole &lt;run&gt;");
    expect(page).toContain("The noise is &lt;seeded&gt;.");
    expect(page).toContain("block: &lt;9&gt;");
    expect(renderReport([runOf(bareResults())], { title: "</title><script>" })).not.toContain(
      "</title><script>",
    );
  });

  it("fetches nothing and runs nothing", () => {
    expect(page).not.toMatch(/(?:src|href)="(?!data:image\/png|#)/);
    expect(page).not.toMatch(/url\(|@import|<link|javascript:| on\w+="/);
    expect(page).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:"`,
    );
  });

  it("gives every image an alternative text", () => {
    expect(page.match(/<img [^>]*>/g)).toHaveLength(2);
    expect(page).toContain(`<img src="${PIXEL}" alt="Image id-7: rightly taken for dog, probability 0.99"`);
  });

  it("marks the best cell, in words too", () => {
    expect(page.match(/class="best"/g)).toHaveLength(2);
    expect(page).toContain('51.0<span class="hidden"> (best)</span>');
  });

  it("shows the paper's numbers, labelled as what they are", () => {
    expect(page).toContain("Reported in arXiv 2311.17921, ImageNet, other protocol");
    for (const { name } of paperNumbers) expect(page).toContain(name);
    for (const value of ["64.9", "74.6", "76.0", "77.0", "61.95", "71.89"])
      expect(text(page)).toContain(`${value} %`);
    expect(text(page)).toContain("a colleague&#39;s");
  });

  it("says how to make the run again", () => {
    expect(page).toContain("difftap-eval grid --config runs/one/config.yaml");
    expect(page).toContain("difftap-eval grid --config a.yaml");
    expect(renderReport([runOf(bareResults(), { path: "my runs/a", config: "" })])).toContain(
      "difftap-eval probe --config &#39;my runs/a/config.yaml&#39;",
    );
  });

  it("names the command that was called, a rate only where images were read once", () => {
    const tuned = { ...bareResults(), kind: "head" as const, command: "difftap-train finetune --preset a" };
    const again = text(renderReport([runOf(tuned, { config: "" })]));
    expect(again).toContain("difftap-train finetune --config runs/one/config.yaml");
    expect(again).not.toContain("images/s");
    expect(page).toContain("1 min 15 s for 12,000 images, 160 images/s");
  });

  it("draws the metrics of a run that names no curves", () => {
    const metrics = [1, 2].map((step) => ({ step, split: "train", values: { loss: 4 / step } }));
    expect(renderReport([runOf(bareResults(), { metrics })])).toContain("Loss over step");
  });
});

describe("unusual runs", () => {
  it("leave out what they do not have", () => {
    const bare = renderReport([runOf(bareResults())]);
    for (const part of ["Where the network", "What is taken", "Class by class", "Best and worst", "Curves"]) {
      expect(bare).not.toContain(part);
    }
    expect(bare).toContain("This run holds no numbers.");
    expect(bare).toContain("not recorded");
  });

  it("may be grids of one cell, of none, or with gaps", () => {
    const one = renderReport([runOf({ ...bareResults(), grid: gridOf(1, [10]) })]);
    expect(one).toContain("50.0<span");
    expect(one).not.toContain("Over the blocks");
    expect(renderReport([runOf({ ...bareResults(), grid: gridOf(0, []) })])).toContain(
      "No cell of this grid was measured.",
    );
    const gaps = {
      ...gridOf(3, [10]),
      top1: [[null, 50, null]],
      interval: [[null, [48, 52] as [number, number], null]],
    };
    expect(renderReport([runOf({ ...bareResults(), grid: gaps })])).toContain("not measured");
  });

  it("of 120 classes list the largest confusions instead of a matrix", () => {
    const names = Array.from({ length: 120 }, (_, index) => `class ${index}`);
    const many = renderReport([runOf(wholeResults(names))]);
    expect(many).not.toContain('<table class="confusion"');
    expect(many).toContain("Most frequent mistakes, 25 of 14,280 kinds");
    expect(many).toContain("The 10 classes read worst");
    expect(many).toContain("All 120 classes");
  });

  it("may be several on one page, or none", () => {
    const both = renderReport([runOf(wholeResults()), runOf({ ...bareResults(), title: "Second" })]);
    expect(both).toContain("<h1>2 runs</h1>");
    expect(both).toContain('<a href="#run-2">Second</a>');
    expect(both).toContain('id="run-2"');
    expect(renderReport([])).toContain("There are no runs to report on.");
  });

  it("hold no NaN and no undefined in any figure", () => {
    const grids = [gridOf(0, []), gridOf(1, ["clean"]), gridOf(37, ["clean", 10, 90])];
    const drawn = grids.flatMap((grid) => {
      const { results } = runOf({ ...bareResults(), grid });
      return [
        heatMapSvg(results.grid!),
        heatMapSvg(results.grid!, { theme: "dark" }),
        renderReport([runOf({ ...bareResults(), grid })]),
      ];
    });
    const flat = lineChartSvg({
      title: "flat",
      xLabel: "x",
      yLabel: "y",
      series: [{ name: "one", points: [{ x: 1, y: 1 }] }],
    });
    const empty = lineChartSvg({ title: "empty", xLabel: "x", yLabel: "y", series: [] });
    for (const markup of [...drawn, flat, empty])
      expect(markup).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });
});

describe("the heat map as a figure", () => {
  const { results } = runOf(wholeResults());
  const svg = heatMapSvg(results.grid!, { title: 'A & "B"' });

  it("stands alone: a background, its numbers as text and as a description", () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain("A &amp; &quot;B&quot;");
    expect(svg).not.toContain("var(--");
    expect(svg.match(/>49\.0<\/text>/g)).toHaveLength(4);
    expect(svg.replaceAll("\u00A0", " ")).toContain(
      "Top-1 in per cent for blocks 1, 2, 3, 4, 5. clean: 48.0, 49.0, 50.0, 49.0, 48.0. t = 50: 49.0",
    );
    for (const place of ["encoder", "middle", "decoder"]) expect(svg).toContain(`>${place}</text>`);
  });

  it("differs in the dark by its background", () => {
    expect(heatMapSvg(results.grid!, { theme: "dark" })).toContain('fill="#151618"');
  });
});
