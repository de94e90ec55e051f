import { describe, expect, it } from "vitest";
import { shortNumber, shortRange } from "../src/analysis-numbers.js";
import { analysisFigures } from "../src/analysis-svg.js";
import { describeFinding, renderReport } from "../src/index.js";
import { analysisOf, analysisResults, surfaceOf, tapNames } from "./example-analysis.js";
import { HOSTILE, runOf } from "./example-runs.js";
import { plain, text } from "./plain.js";

const page = renderReport([runOf(analysisResults(), { config: "seed: 1\n" })]);
const read = text(page);

describe("numbers of an analysis", () => {
  it("have one place in per cent and two otherwise, with a minus of their own", () => {
    expect([57.65, 0.04].map((value) => shortNumber(value, "%"))).toEqual(["57.7", "0.0"]);
    expect([0.456, -1.5, -0.001, 0].map((value) => shortNumber(value, ""))).toEqual([
      "0.46",
      "−1.50",
      "0.00",
      "0.00",
    ]);
    expect(shortRange([0.4, 0.5], "")).toBe("0.40–0.50");
    expect(shortRange([-0.2, 0.5], "")).toBe("−0.20 to 0.50");
    expect(shortRange([-4, 9], "%")).toBe("−4.0 to 9.0");
  });
});

describe("the page of an analysis", () => {
  it("is no place for markup of others, and holds no number that is none", () => {
    expect(page).not.toContain(HOSTILE);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  it("has a section for every part", () => {
    for (const heading of [
      ...[
        "A block and a timestep on a small budget",
        "What fusion does to the features",
        "How alike representations are",
      ],
      ...["What maps show", "Where the CLS token looks", "Which images are neighbours"],
      ...[
        "Points of one image found in another",
        "Features on the unit sphere",
        "What draws of noise change",
      ],
    ])
      expect(page).toContain(`<h3>${heading}</h3>`);
    expect(renderReport([runOf(analysisResults({}))])).not.toContain('class="cells"');
  });

  it("prints every surface with its cells, intervals, protocol and best cell", () => {
    expect(read).toContain(
      "Purity of 10 neighbours, % block 3 7 11 t = 10 20.0 20.3 20.5 clean 21.0 21.3 21.5 (best)",
    );
    expect(read).toContain(
      "By chance it would be 10.0 %. The ring marks the best cell, where a high number is good.",
    );
    expect(read).toContain("Protocol: a &lt;protocol&gt;; split test, first 40 images; n = 40; seed 1.");
    expect(read).toContain("block t = 10 clean 3 20.0 18.0–22.0 21.0 19.0–23.0 7 20.3 18.3–22.3");
    // Of a number that is good when low, the lowest has the ring and the lightest colour.
    expect(read).toContain("Uniformity block 3 7 11 t = 10 −3.00 (best) −2.75 −2.50");
    expect(plain(page)).toMatch(
      /background:#fde725;color:#000" title="block 3, t = 10: −3\.00 \(−5\.00 to −1\.00\)" class="best"/,
    );
  });

  it("leaves out cells that were not measured", () => {
    expect(read).toContain(
      "Rung 1: 20 images, 4 cells, 1 kept; top-1, % block 3 7 11 t = 10 30.0 40.0 (best) not measured · clean not measured · 35.0 20.0",
    );
    const nothing = surfaceOf("purity", {
      values: [
        [null, null, null],
        [null, null, null],
      ],
      intervals: [
        [null, null, null],
        [null, null, null],
      ],
    });
    expect(text(renderReport([runOf(analysisResults({ draws: [nothing] }))]))).toContain(
      "Purity: no cell was measured.",
    );
  });

  it("prints every pair of a matrix, and in words those most and least alike", () => {
    for (const name of tapNames) expect(page).toContain(`<th scope="row" class="name">${name}</th>`);
    expect(read).toContain("t10/b03 1.00 0.88 0.75 0.63 0.50 0.38");
    expect(read).toContain("Least alike: t10/b03 and clean/b11 (0.38)");
    expect(read).toContain("t10/b07 0.88 0.82–0.93 1.00 0.95–1.05");
  });

  it("says each picture in words", () => {
    const images = [...page.matchAll(/<img [^>]*>/g)].map(([image]) => plain(image));
    expect(images.length).toBeGreaterThan(6);
    for (const image of images) expect(image).toMatch(/ alt="[^"]{8,}/);
    expect(images.join()).toContain(
      "Components of image scene-0 at block 7, t = 10: the first is largest in row 1, column 4",
    );
    expect(read).toContain("scene-0 0.25 -1 3 row 1, column 4");
    expect(read).toContain("16 × 16 cells; three components hold 80.0 % of the variance");
    expect(read).toContain("a ring 0.75 scene-9");
    expect(page).toContain('<span class="wrong">a ring</span>');
  });

  it("has every point in numbers, with the tap that finds it best", () => {
    expect(read).toContain("1 8, 8 24, 8 block 7, t = 10 22, 8 2 0.91 2");
    expect(read).toContain("The best tap of each point ends 2 px from where it is, in the median.");
    expect(read).toContain("1 4, 4 block 7, t = 10 12, 10 2 0.91");
    expect(read).toContain("from where it began, there and back");
    expect(page.match(/role="img" aria-label="flip: 2 numbered points/g)).toHaveLength(2);
  });

  it("says what was chosen, what it cost and what it lost", () => {
    expect(read).toContain(
      "Successive halving ended at block 7, t = 10 : top-1 40.0 % (30.0–50.0, n = 40) on the images held out of its last rung.",
    );
    expect(read).toContain(
      "In the whole grid block 11, clean is best with 41.5 %, the chosen cell has 39.0 %: regret 2.5 points (−4.0 to 9.0, n = 40).",
    );
    expect(read).toContain("2.5 GMAC, 25.0 % of the 10 that every cell on all images takes");
    expect(read).toContain("80 of 360 images × cells");
    const { choice } = analysisOf();
    const best = {
      ...choice!,
      regret: { ...choice!.regret!, value: 0, interval: [0, 0] as [number, number] },
    };
    expect(text(renderReport([runOf(analysisResults({ choice: best }))]))).toContain(
      "It is the best cell of the whole grid (41.5 %, n = 40): regret 0.",
    );
  });

  it("sets fusion beside what it is made of", () => {
    expect(read).toContain("t10/b11 256 44.0 % 36.0–52.0 31.0 % 28.0–34.0 0.25 0.10–0.40");
    expect(read).toContain("fused by attention 256 52.0 % 44.0–60.0 31.0 % 28.0–34.0 –");
    expect(read).toContain(
      "Fusion adds 8.0 points of linear top-1 to the best before it (t10/b11). Purity by chance 10.0 %.",
    );
  });

  it("is said in a sentence and details", () => {
    const { headline, details } = describeFinding(runOf(analysisResults()).results);
    expect(plain(headline)).toMatch(
      /^Block 7, t = 10 was chosen on a small budget: top-1 40\.0 % \(30\.0–50\.0\), n = 40\. In the whole grid/,
    );
    const said = plain(details.join(" "));
    expect(said).toContain("Attention, seed 0: Fusion adds 8.0 points");
    expect(said).toContain(
      "Neighbourhoods are purest at block 11, clean: purity of 10 neighbours 21.5 % (19.5–23.5), n = 40.",
    );
    expect(said).toContain("Least alike are t10/b03 and clean/b11: CKA 0.38 (0.32–0.43), n = 40.");
    expect(describeFinding(runOf(analysisResults({})).results).headline).toBe(
      "Pictures of what the features are like.",
    );
  });

  it("shows stores, which have no pixels, as text", () => {
    const { neighbours } = analysisOf();
    const [{ queries, ...cell }] = neighbours!.shown as [NonNullable<typeof neighbours>["shown"][number]];
    const bare = queries.map(({ image: _, neighbours: near, ...query }) => ({
      ...query,
      neighbours: near.map(({ image: __, ...each }) => each),
    }));
    const stored = renderReport([
      runOf(analysisResults({ neighbours: { ...neighbours!, shown: [{ ...cell, queries: bare }] } })),
    ]);
    expect(stored).not.toContain("<img");
    expect(text(stored)).toContain("image neighbour 1 neighbour 2");
  });
});

describe("figures that stand alone", () => {
  const figures = analysisFigures(runOf(analysisResults()).results.analysis);

  it("are there for every table of colours", () => {
    expect(figures.map(([name]) => name)).toEqual([
      ...["cka-1", "purity-1", "points-1", "sphere-1", "draws-1", "draws-2", "rung-1"],
    ]);
    expect(analysisFigures(undefined)).toEqual([]);
  });

  it.each(["light", "dark"] as const)("hold their numbers and protocol, %s", (theme) => {
    for (const [, draw] of figures) {
      const svg = plain(draw(theme));
      expect(svg).not.toMatch(/NaN|undefined|\[object/);
      expect(svg).not.toContain(HOSTILE);
      expect(svg).toContain("Protocol: a &lt;protocol&gt;");
    }
    expect(figures[0]![1](theme)).toContain(">0.38</text>");
    expect(plain(figures[1]![1](theme))).toContain(
      ">Purity of 10 neighbours, %, by timestep and block</text>",
    );
  });
});
