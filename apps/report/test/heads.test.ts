import { describe, expect, it } from "vitest";
import { describeFinding, renderReport } from "../src/index.js";
import { headResults, headRow, SEEDS } from "./example-heads.js";
import { bareResults, HOSTILE, runOf } from "./example-runs.js";

/** What a reader without pictures gets, on one line. */
const text = (markup: string) =>
  markup
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<svg.*?<\/svg>/gs, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/[\u00A0\u202F]/g, " ")
    .replace(/\s+/g, " ");

const page = renderReport([runOf(headResults())]);
const read = text(page);

describe("the table of heads", () => {
  it("has mean, deviation, interval, n, seeds, parameters, time and protocol of each", () => {
    expect(read).toContain(
      "difformer pool 2; t10/b08, t10/b09, t10/b11, t90/b08, t90/b09, t90/b11 62.0 ± 1.0 % 59.5–64.5 4,000 0, 1, 2 1,200,000 1 min 16 s difformer head, SGD, 28 epochs; split test",
    );
    expect(read).toMatch(/weighted pool 2; \S.*? 59\.0 % 57\.5–60\.5 4,000 0 seed 1 failed 90,000/);
    expect(read).toContain("Without a number, and in no mean: weighted, seed 1: diverged at step &lt;12&gt;");
  });

  it("has every seed with its own interval", () => {
    for (const row of [
      "difformer 0 61.0 59.5–62.5 4,000 28 1 min 15 s",
      "difformer 2 63.0 61.5–64.5 4,000 28",
    ])
      expect(read).toContain(row);
  });

  it("shows the paper's heads of the same kinds only", () => {
    const [table] = /<table class="plain results heads">.*?<\/table>/s.exec(page)!;
    expect(text(table)).toContain("DifFormer, blocks 19, 24, 30, t = 90, 150, 300 76.0 %");
    expect(text(table)).not.toContain("MAE");
    const linear = { ...bareResults(), heads: [headRow("cnn", 50, 1000)] };
    expect(renderReport([runOf(linear)]).match(/Reported in arXiv/g)).toHaveLength(1);
  });

  it("tells many taps by their number and lists them with the seeds", () => {
    const taps = Array.from({ length: 9 }, (_, index) => `t10/b0${index + 1}`);
    const many = text(
      renderReport([runOf({ ...bareResults(), heads: [{ ...headRow("cnn", 50, 1000), taps }] })]),
    );
    expect(many).toContain("pool 2; 9 taps, t10/b01 to t10/b09");
    expect(many).toContain(`cnn reads ${taps.join(", ")}.`);
  });

  it("joins the heads of several runs, and the table of all numbers", () => {
    const second = { ...bareResults(), title: "Second", heads: [headRow("cnn", 50, 1000)] };
    const both = text(renderReport([runOf(headResults()), runOf(second), runOf(bareResults())]));
    expect(both).toMatch(
      /Trained heads of all runs .*? protocol Heads on &lt;CIFAR-10&gt; linear .* Second cnn pool 2/,
    );
    expect(both).toMatch(/cnn top-1 50\.0 ± 1\.0 % 47\.5–52\.5 4,000 cnn head, SGD, 28 epochs test 0, 1, 2/);
    expect(text(renderReport([runOf(second), runOf(bareResults())])).match(/Trained heads/g)).toHaveLength(1);
  });

  it("does not list a number twice that results repeats", () => {
    const [head] = [headRow("linear", 57.5, 1000, [0])];
    const top1 = head.runs[0]!.top1;
    const said = { metric: "top-1", protocol: head.protocol, split: "test", seeds: [0] };
    const repeated = { ...bareResults(), heads: [head], results: [{ ...said, ...top1 }] };
    expect(text(renderReport([runOf(repeated)])).match(/top-1 57\.5 % 56\.0–59\.0 4,000/g)).toHaveLength(1);
    const other = { ...repeated, results: [{ ...said, ...top1, name: "solved probe" }] };
    expect(text(renderReport([runOf(other)])).match(/top-1 57\.5 % 56\.0–59\.0 4,000/g)).toHaveLength(2);
  });
});

describe("the finding of heads", () => {
  const plain = (finding: string) => finding.replace(/[\u00A0\u202F]/g, " ");

  it("names the best, what is as good, and says where a head does not beat a simpler one", () => {
    const { headline, details } = describeFinding(runOf(headResults()).results);
    expect(plain(headline)).toBe("Difformer reads best: 62.0 ± 1.0 % (59.5–64.5), n = 4,000, seeds 0, 1, 2.");
    expect(details.map(plain)).toEqual([
      "Within that interval lies also attention.",
      "Mlp (57.0 %, 120,000 parameters) does not beat weighted (59.0 %, 90,000 parameters), which has fewer parameters.",
      "Below solved linear probe: linear, mlp.",
      "Solved linear probe: top-1 58.3 % (56.7–59.8), n = 4,000.",
    ]);
  });

  it("of one head is its number", () => {
    const { headline, details } = describeFinding(
      runOf({ ...bareResults(), heads: [headRow("linear", 57.5, 1000, [3])] }).results,
    );
    expect(plain(headline)).toBe("Linear: top-1 57.5 % (56.0–59.0), n = 4,000, seed 3.");
    expect(details).toEqual([]);
  });

  it("says when a head stands alone", () => {
    const heads = [headRow("linear", 40, 1000), headRow("cnn", 50, 2000)];
    const { details } = describeFinding(runOf({ ...bareResults(), heads }).results);
    expect(details).toEqual(["No other head lies within that interval."]);
  });
});

describe("attention", () => {
  it("says the share of each tap and its strongest cells", () => {
    expect(read).toContain("block 8, t = 10 25.0 % 4 × 4 row 2, column 2");
    const [first] = runOf(headResults()).results.attention![0]!.examples;
    const largest = Math.max(...first!.maps[0]!.weights);
    expect(read).toContain(`(${(100 * largest).toFixed(1)} %)`);
    expect(read).toMatch(/head 2, 30\.0 %; row 2, column 2 \(\d\.\d %\)/);
  });

  it("names every picture, embeds it once, and draws each cell once", () => {
    const panels = page.match(/<svg viewBox="0 0 \d \d" role="img" aria-label="[^"]+">/g)!;
    expect(panels).toHaveLength(2 * (1 + 6 + 12));
    expect(page.match(/<image id="picture-1-1-\d"/g)).toHaveLength(2);
    const [panel] = /<svg [^>]*aria-label="Attention to block 11, t.*?<\/svg>/s.exec(page)!;
    const cells = [...panel.matchAll(/M(\d) (\d)h(\d)v1h-\3z/g)].flatMap(([, column, row, length]) =>
      Array.from({ length: Number(length) }, (_, index) => `${row} ${Number(column) + index}`),
    );
    expect(cells).toHaveLength(64);
    expect(new Set(cells).size).toBe(64);
    expect(page).toContain('aria-label="Image id-1: dog, recognised"');
  });

  it("paints the strongest cell in the last colour, nothing in the first", () => {
    const results = headResults();
    const example = results.attention![0]!.examples[0]!;
    const { heads, ...map } = example.maps[0]!;
    example.maps = [{ ...map, height: 1, width: 2, weights: [0.5, 0] }];
    const [panel] = /<svg [^>]*aria-label="Attention to.*?<\/svg>/s.exec(renderReport([runOf(results)]))!;
    expect(panel).toContain('<path d="M0 0h1v1h-1z" fill="#fde725"/>');
    expect(panel).toContain('<path d="M1 0h1v1h-1z" fill="#440154"/>');
  });

  it("escapes labels, and keeps the pictures of several runs apart", () => {
    expect(page).not.toContain(HOSTILE);
    expect(page).not.toMatch(/<script|url\(/i);
    const both = renderReport([runOf(headResults()), runOf(headResults())]);
    const ids = both.match(/ id="picture[^"]*"/g)!;
    expect(ids).toHaveLength(4);
    expect(new Set(ids).size).toBe(4);
    for (const [, target] of both.matchAll(/<use href="#([^"]+)"/g)) expect(both).toContain(`id="${target}"`);
  });
});

describe("contributions", () => {
  it("are a heat map of block and timestep where there are several of both, and bars", () => {
    expect(page.match(/<figure class="heat contributions few">/g)).toHaveLength(1);
    for (let index = 1; index <= 6; index++) expect(read).toContain(((100 * index) / 21).toFixed(1));
    expect(read).toContain("an even spread would give each 16.7 %. Seed 0.");
    expect(read).toContain("block 8, t = 10 t10/b08 87.5 ± 1.3 %");
    expect(read).toContain("images of split test (n = 4,000)");
  });

  it("mark the places that are no tap", () => {
    const results = headResults();
    const [weights] = results.tapWeights!;
    const four = weights!.taps.slice(0, 4).map((tap) => ({ ...tap, weight: 0.25 }));
    const gaps = renderReport([runOf({ ...results, tapWeights: [{ ...weights!, taps: four }] })]);
    expect(gaps.match(/not a tap/g)).toHaveLength(4);
  });
});

describe("unusual heads", () => {
  it("hold no NaN and no undefined", () => {
    const zero = headResults();
    for (const map of zero.attention![0]!.examples[0]!.maps) {
      map.weights = map.weights.map(() => 0);
      delete map.heads;
    }
    zero.tapShares![0]!.taps[0]!.weight = 0;
    zero.tapShares![0]!.taps[0]!.deviation = 0;
    const flat = { ...bareResults(), heads: [{ ...headRow("cnn", 50, 1000, [0]) }] };
    flat.heads[0]!.runs[0]!.top1.interval = [50, 50];
    const none = { ...headResults(), attention: [{ head: "difformer", seed: SEEDS[0]!, examples: [] }] };
    for (const results of [zero, flat, none, headResults()]) {
      const markup = renderReport([runOf(results)]);
      expect(markup).not.toMatch(/NaN|undefined|Infinity|\[object/);
    }
    expect(renderReport([runOf(none)])).not.toContain("Where the CLS token looks");
  });
});
