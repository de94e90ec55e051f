import { describe, expect, it } from "vitest";
import { describeFinding, renderReport } from "../src/index.js";
import { denseResults, segmenterOf } from "./example-dense.js";
import { bareResults, HOSTILE, runOf } from "./example-runs.js";
import { plain, text } from "./plain.js";

const { segmentation = [] } = denseResults();
const results = { ...bareResults(), kind: "segmentation" as const, segmentation };
const page = renderReport([runOf(results, { config: "a: 1\n" })]);
const read = text(page);

describe("segmenters", () => {
  it("stand in one table with every figure over the seeds", () => {
    expect(read).toContain(
      "frozen 47.0 ± 1.0 % 43.5–50.5 77.5 ± 1.0 % 74.0–81.0 67.3 ± 1.0 % 63.8–70.8 233 0, 1, 2 per-pixel; width &lt;64&gt;; reads t10/b08, t10/b11; 90,210 parameters, 1 min 16 s a seed; AdamW, 40 epochs; split test",
    );
    expect(read).toContain("random weights 46.0 % 43.5–48.5");
    expect(read).toContain("frozen 2 48.0 45.5–50.5 78.5 76.0–81.0 68.3 65.8–70.8 233 60 1 min 17 s");
    expect(read).toContain("frozen pixel accuracy 77.5 ± 1.0 % 74.0–81.0 233");
  });

  it("say each class, the best first, and which are in no mean", () => {
    expect(read).toMatch(
      /true pixels sky 66\.8 86\.8 3,000,000 road 25\.3 45\.8 1,000,000 cat.* – – 0 Of seed 0/,
    );
    expect(read).toMatch(/split test\. In neither truth nor prediction, and in no mean: cat&lt;/);
  });

  it("show image, truth and prediction with their numbers, each picture embedded once", () => {
    expect(read).toContain("street-&lt;1&gt;.jpg mIoU 41.8 %, pixel accuracy 83.3 % Image Truth Prediction");
    expect(read).toContain("seen from &lt;left&gt;");
    expect(read).toContain("street-2.jpg no pixel counts Image");
    expect(page.match(/href="data:image\/png/g)).toHaveLength(6);
    for (const panel of ["Image", "Truth", "Prediction", "Prediction over the image"])
      expect(page).toContain(`role="img" aria-label="${panel} of image street-&lt;1&gt;.jpg"`);
  });

  it("name every colour once beside the pictures and once beside the classes", () => {
    const [key] = /<ul class="key">.*?<\/ul>/s.exec(page)!;
    expect(key).toContain('<span class="swatch" style="background:#1080f0"></span>sky');
    expect(key.match(/<li>/g)).toHaveLength(3);
    expect(page).toContain('<th scope="row"><span class="swatch" style="background:#f08010"></span>road');
  });

  it("keep the pictures of several runs and models apart", () => {
    const shown = segmenterOf("second", 40, { shown: true });
    const both = { ...results, segmentation: [segmentation[0]!, shown] };
    const markup = renderReport([runOf(both), runOf(both)]);
    const ids = markup.match(/ id="segments[^"]*"/g)!;
    expect(ids).toHaveLength(24);
    expect(new Set(ids).size).toBe(24);
    const used = [...markup.matchAll(/<use href="#([^"]+)"/g)];
    expect(used).toHaveLength(16);
    for (const [, target] of used) expect(markup).toContain(` id="${target}"`);
  });

  it("escape everything", () => {
    expect(page).not.toContain(HOSTILE);
    expect(page).not.toMatch(/<script|<img src=x|url\(|NaN|undefined|\[object/i);
  });

  it("are found in a sentence", () => {
    const { headline, details } = describeFinding(runOf(results).results);
    expect([headline, ...details].map(plain)).toEqual([
      "Frozen: mIoU of 47.0 % (mean of 3 seeds ± 1.0; 95 % interval 43.5–50.5) on 233 images of cifar10, above random weights (46.0 %).",
      "Within that interval lies also random weights.",
      "Pixel accuracy 77.5 ± 1.0 % (74.0–81.0), mean accuracy 67.3 ± 1.0 % (63.8–70.8).",
    ]);
  });

  it("follow detectors in the finding of a run of both", () => {
    const { headline, details } = describeFinding(runOf(denseResults()).results);
    expect(headline).toMatch(/^Frozen: AP50/);
    expect(details.map(plain)).toContainEqual(expect.stringMatching(/^Frozen: mIoU of 47\.0 %/));
  });

  it("say how to make them again", () => {
    expect(page).toContain("difftap-train segment --config runs/one/config.yaml");
    expect(page).toContain("Segmentation · cifar10");
  });
});
