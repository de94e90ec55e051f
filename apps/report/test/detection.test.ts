import type { DetectionPicture, PictureBox } from "@difftap/run-folder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchBoxes, matchesInWords } from "../src/box-matches.js";
import { describeFinding, renderReport } from "../src/index.js";
import { onePlace } from "../src/numbers.js";
import { detectionSvg } from "../src/pictures-svg.js";
import { denseResults, detectorOf, RED } from "./example-dense.js";
import { bareResults, HOSTILE, runOf } from "./example-runs.js";
import { plain, text } from "./plain.js";

const { segmentation, ...detectionOnly } = denseResults();
const page = renderReport([runOf(detectionOnly)]);
const read = text(page);
const models = runOf(detectionOnly).results.detection!;
const escaped = HOSTILE.replaceAll("&", "&amp;")
  .replaceAll("<", "&lt;")
  .replaceAll(">", "&gt;")
  .replaceAll('"', "&quot;")
  .replaceAll("'", "&#39;");

describe("the table of detectors", () => {
  it("has mean, deviation and interval of each figure, n, seeds and what it is of", () => {
    expect(read).toContain(
      "frozen 71.0 ± 1.0 % 65.0–77.0 40.8 ± 1.0 % 34.8–46.8 65.5 ± 1.0 % 59.5–71.5 35.3 ± 1.0 % 29.3–41.3 72.3 ± 1.0 % 66.3–78.3 72 0, 1, 2",
    );
    expect(read).toContain(
      "fcos, fpn; width &lt;64&gt;; reads t10/b08, t10/b11; 90,210 parameters, 2 min 11 s a seed; AdamW, 40 epochs; split test",
    );
    expect(read).toContain(
      "raw &lt;pixels&gt; 39.0 % 34.0–44.0 8.8 % 3.8–13.8 – – 40.3 % 35.3–45.3 72 0 seed 1 failed",
    );
    expect(read).toContain("raw &lt;pixels&gt;, seed 1: diverged at step &lt;12&gt;");
  });

  it("has every seed with its own intervals", () => {
    for (const row of [
      "frozen 0 70.0 65.0–75.0 39.8 34.8–44.8",
      "frozen 2 72.0 67.0–77.0",
      "random weights 1 49.0",
    ])
      expect(read).toContain(row);
    expect(read).toContain("73.3 68.3–78.3 72 40 2 min 12 s");
  });

  it("stands among all numbers, without papers that measured something else", () => {
    expect(read).toContain("frozen mask AP50 65.5 ± 1.0 % 59.5–71.5 72 AdamW, 40 epochs test 0, 1, 2");
    expect(read).not.toContain("Reported in arXiv");
    const mean = { metric: "AP50", name: "frozen", value: 71, interval: [65, 77] as [number, number], n: 72 };
    const said = { ...mean, protocol: "AdamW", split: "test", seeds: [0, 1, 2] };
    const repeated = text(renderReport([runOf({ ...detectionOnly, results: [said] })]));
    expect(repeated.match(/AP50 71\.0 ± 1\.0 %/g)).toEqual(read.match(/AP50 71\.0 ± 1\.0 %/g));
    expect(repeated).not.toContain("AP50 71.0 % 65.0–77.0");
  });
});

describe("figures and classes of a detector", () => {
  it("are all there as text, means over the seeds", () => {
    for (const kind of ["box", "mask"] as const) {
      const { interval, ...twelve } = models[0]!.runs[1]![kind]!;
      expect(Object.keys(twelve)).toHaveLength(12);
      for (const value of Object.values(twelve)) {
        if (value !== null) expect(read).toContain(`${onePlace(value)} ± 1.0 %`);
      }
    }
    expect(read).toContain("AP75 35.5 ± 1.0 % 30.0 ± 1.0 % 0.75 all 100");
    expect(read).toContain("AP large – – 0.50 to 0.95 from 96² px 100");
    expect(read).toContain("AR10 46.3 ± 1.0 % 40.8 ± 1.0 % 0.50 to 0.95 all 10");
    expect(read).toContain("over seeds 0, 1, 2; n = 72; AdamW, 40 epochs; split test");
    expect(read).toContain("the overlaps. Of seed 0; n = 72;");
  });

  it("are sorted, the best class first, those without objects last", () => {
    expect(read).toContain(
      `objects red 78.8 48.5 73.3 43.0 1,819 white 61.3 31.0 55.8 25.5 72 ${escaped} – – – – 0 Of seed 0; n = 72`,
    );
  });

  it("of the other models are folded away", () => {
    const folded = page.match(/<details class="further">.*?<\/table>/gs)!;
    expect(folded.map((markup) => text(markup).slice(0, 16))).toEqual([
      " random weights ",
      " raw &lt;pixels&",
    ]);
    expect(text(folded[0]!)).toContain("AR1 12.5 ± 1.0 % 0.50 to 0.95 all 1 ");
  });

  it("say once what became of boxes", () => {
    expect(read.match(/boxes of the data set/g)).toHaveLength(1);
    expect(read).toContain(
      "Of 4,888 boxes of the data set 2 were dropped, having no area or none inside the image, and 3 cut at the image’s edge. Dropped: &lt;a.xml&gt;: [0, 0, 0, 5] .",
    );
    const clean = { ...detectorOf("a", 70), dropped: { boxes: 12, dropped: 0, clipped: 0, examples: [] } };
    expect(text(renderReport([runOf({ ...bareResults(), detection: [clean] })]))).toContain(
      "All 12 boxes of the data set were taken as they are written.",
    );
  });
});

describe("pictures of a detector", () => {
  it("say in words and numbers what is drawn", () => {
    const words = "1 of 3 objects found (1 of 2 red, 0 of 1 white); 2 other boxes";
    expect(read).toContain(`cells-1.jpg ${words}`);
    expect(page).toContain(`role="img" aria-label="Image cells-1.jpg: ${words}"`);
    expect(read).toContain(`${escaped} no object; 0 boxes`);
    expect(read.match(/Scores from 0\.30\. An object counts as found when/g)).toHaveLength(1);
    const [picture] = models[0]!.pictures;
    for (const { score, box } of picture!.found)
      expect(read).toContain(`${score.toFixed(2)} ${box.map(onePlace).join(" ")}`);
    expect(read).toContain("0.97 160.0 120.0 320.0 240.0 0.90 red 0.61 165.0 125.0 310.0 250.0 none");
    expect(read).toContain("red missed 10.0 20.0 41.5 43.3 – white missed 500.0 300.0 60.0 70.0 –");
  });

  it("have a box for each object and each detection, with class and score as text", () => {
    const [svg] = /<svg viewBox="0 0 480 360".*?<\/svg>/s.exec(page)!;
    expect(svg).toContain(
      'd="M127.5 97.5h225v172.5h-225zM7.5 15h31.1v32.4h-31.1zM375 225h45v52.5h-45z" stroke="#fff"',
    );
    expect(svg).toContain('stroke-dasharray="5 4"');
    expect(svg).toContain('<path d="M120 90h240v180h-240z" stroke="#1f6fb4" stroke-width="2.5"/>');
    expect([...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, label]) => label)).toEqual([
      "cat&lt;/td&gt;&lt;script&gt;ale… 0.44",
      "red 0.61",
      "red 0.97",
    ]);
  });

  it("name of many boxes those that find an object, by their score alone", () => {
    const [picture] = models[0]!.pictures;
    const [hit] = picture!.found;
    const others = Array.from({ length: 12 }, (_, place) => ({
      ...{ label: "white", score: 0.9 - place / 100 },
      box: [20 * place, 300, 10, 10] as PictureBox,
    }));
    const crowd = { ...models[0]!, pictures: [{ ...picture!, found: [hit!, ...others] }] };
    const svg = detectionSvg(crowd);
    expect(svg.match(/stroke-width="1" stroke-opacity="0.6"/g)).toHaveLength(12);
    expect(svg).toContain(">0.97</text>");
    expect(svg).not.toContain("red 0.97");
    const said = text(renderReport([runOf({ ...bareResults(), detection: [crowd] })]));
    expect(said).toContain("Where there are more than 12, those that find no object are thin");
    expect(read).not.toContain("Where there are more than 12");
  });

  it("stand alone as a figure with what is found below each", () => {
    const svg = detectionSvg(models[0]!);
    expect(svg).toContain('>cells-1.jpg <tspan fill="#625e57">1 of 3 objects found; 2 other boxes</tspan>');
    expect(svg.match(/<image /g)).toHaveLength(2);
    expect(svg).not.toMatch(/var\(--|NaN|undefined/);
  });

  it("embed each image once and escape everything", () => {
    expect(page.match(/href="data:image/g)).toHaveLength(2);
    expect(page).not.toContain(HOSTILE);
    expect(page).not.toMatch(/<script|<img src=x|url\(|NaN|undefined|\[object/i);
  });
});

describe("matching boxes", () => {
  const picture = (
    truth: readonly PictureBox[],
    found: readonly [number, PictureBox][],
  ): DetectionPicture => ({
    ...{ id: "a", image: RED, width: 100, height: 100 },
    truth: truth.map((box) => ({ label: "cell", box })),
    found: found.map(([score, box]) => ({ label: "cell", score, box })),
  });

  it("gives an object to the surest box that overlaps it by one half", () => {
    const { found, missed } = matchBoxes(
      picture(
        [
          [0, 0, 10, 10],
          [50, 50, 10, 10],
        ],
        [
          [0.5, [0, 0, 10, 10]],
          [0.9, [0, 0, 10, 5]],
          [0.8, [50, 50, 10, 4.9]],
        ],
      ),
    );
    expect(found.map(({ score, overlap }) => [score, overlap])).toEqual([
      [0.9, 0.5],
      [0.8, null],
      [0.5, null],
    ]);
    expect(missed.map(({ box }) => box[0])).toEqual([50]);
  });

  it("lets a box take the object it overlaps most", () => {
    const near = picture(
      [
        [0, 0, 10, 10],
        [2, 0, 10, 10],
      ],
      [[0.9, [2, 0, 10, 10]]],
    );
    const matches = matchBoxes(near);
    expect(matches.missed.map(({ box }) => box[0])).toEqual([0]);
    expect(matchesInWords(near, matches)).toBe("1 of 2 objects found (1 of 2 cell); no other box");
  });

  it("finds every object once at most, and misses the others", () => {
    const box = fc.tuple(
      fc.nat(50),
      fc.nat(50),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
    );
    const boxes = fc.array(box, { maxLength: 6 });
    fc.assert(
      fc.property(boxes, boxes, (truth, found) => {
        const matches = matchBoxes(
          picture(
            truth,
            found.map((each, index) => [index / 10, each]),
          ),
        );
        const hits = matches.found.filter(({ overlap }) => overlap !== null);
        expect(hits.length + matches.missed.length).toBe(truth.length);
        expect(matches.found).toHaveLength(found.length);
        for (const { overlap } of hits)
          expect(overlap).toSatisfy((share: number) => share >= 0.5 && share <= 1);
      }),
    );
  });
});

describe("the finding of detectors", () => {
  const findingOf = (...detection: ReturnType<typeof detectorOf>[]) => {
    const dataset = { ...bareResults().dataset, name: "bccd" };
    const { headline, details } = describeFinding(runOf({ ...bareResults(), dataset, detection }).results);
    return [headline, ...details].map(plain);
  };

  it("names the best, its number and what it is above", () => {
    const [frozen, random, pixels] = [
      detectorOf("frozen", 70),
      detectorOf("random weights", 48),
      detectorOf("raw pixels", 39, { seeds: [0] }),
    ];
    expect(findingOf(random, frozen, pixels)).toEqual([
      "Frozen: AP50 of 71.0 % (mean of 3 seeds ± 1.0; 95 % interval 65.0–77.0) on 72 images of bccd, above random weights (49.0 %) and raw pixels (39.0 %).",
      "No other model lies within that interval.",
      "AP 40.8 ± 1.0 % (34.8–46.8), VOC AP50 72.3 ± 1.0 % (66.3–78.3).",
    ]);
  });

  it("says what is as good, and what one could not tell from it", () => {
    const [headline, rivals] = findingOf(detectorOf("a", 70), detectorOf("b", 70), detectorOf("c", 68));
    expect(headline).toContain("of bccd, as good as b (71.0 %), above c (69.0 %).");
    expect(rivals).toBe("Within that interval lie also b and c.");
  });

  it("of one model is its number", () => {
    expect(findingOf(detectorOf("frozen", 70, { seeds: [4] }))[0]).toBe(
      "AP50 of 70.0 % (seed 4; 95 % interval 65.0–75.0) on 72 images of bccd.",
    );
  });

  it("compares nothing that was measured on other images", () => {
    const few = detectorOf("few", 80);
    for (const run of few.runs) run.n = 7;
    expect(findingOf(detectorOf("all", 85), few)[0]).not.toContain("above");
  });

  it("and the page say so when nothing is to be found", () => {
    const model = detectorOf("frozen", 70, { seeds: [0] });
    const none = { mean: null, deviation: null };
    Object.assign(model.runs[0]!.box, { ap: null, ap50: null, interval: { ap: null, ap50: null } });
    delete model.runs[0]!.voc50;
    model.figures = { box: { ap: none, ap50: none } };
    model.perClass = [{ name: "red", objects: 0, ap: null, ap50: null }];
    expect(findingOf(model)).toEqual(["Nothing is to be found on 72 images of bccd."]);
    const empty = renderReport([runOf({ ...bareResults(), detection: [model] })]);
    expect(empty).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(text(empty)).toContain("model n seeds frozen 72 0 fcos");
  });
});

describe("several runs of detectors", () => {
  const run = (title: string, name: string, ap50: number, split = "test", test = 72) => {
    const dataset = { ...bareResults().dataset, name: "bccd", test };
    return runOf({ ...bareResults(), title, dataset, detection: [{ ...detectorOf(name, ap50), split }] });
  };

  it("stand in one table and one sentence", () => {
    const joint = text(renderReport([run("First", "frozen", 70), run("Second", "frozen", 75)]));
    expect(joint).toContain(
      "Detection on bccd, split test, in 2 runs Frozen of “Second”: AP50 of 76.0 % (mean of 3 seeds ± 1.0; 95 % interval 70.0–82.0) on 72 images of bccd, above frozen of “First” (71.0 %).",
    );
    expect(joint).toMatch(/seeds First frozen 71\.0 ± 1\.0 % .* Second frozen 76\.0 ± 1\.0 %/);
  });

  it("name the run of those models only that are called alike", () => {
    const [first, second] = [run("First", "frozen", 70), run("Second", "tuned", 75)];
    expect(text(renderReport([first, second]))).toContain("of bccd, above frozen (71.0 %).");
  });

  it("stay apart where split or images differ, and alone where there is one", () => {
    const apart = [run("a", "x", 70), run("b", "x", 70, "val"), run("c", "x", 70, "test", 10)];
    expect(renderReport(apart)).not.toContain('id="models-1"');
    expect(renderReport([run("a", "x", 70)])).not.toContain('id="models-1"');
  });
});
