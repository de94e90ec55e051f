import type { ResultsInput } from "@difftap/run-folder";
import { describe, expect, it } from "vitest";
import { describeFinding, renderReport } from "../src/index.js";
import { PIXEL, runOf } from "./example-runs.js";
import { samples, samplesResults } from "./example-samples.js";

const drawn = samplesResults();
const plain = (markup: string) => markup.replace(/[\u00A0\u202F]/g, " ");
const pageOf = (results: ResultsInput) => plain(renderReport([runOf(results)]));

describe("generated images", () => {
  const page = pageOf(drawn);

  it("are shown as one picture that is said in words", () => {
    expect(page.match(/<img [^>]*>/g)).toEqual([
      `<img src="${PIXEL}" alt="5 generated images in 2 rows of 3: DDIM, η 0, 50 steps" width="768" height="512">`,
    ]);
    expect(page).toContain(
      "The first 5 of 12 images, row by row, 32 × 32 pixels each. Model: adm-cifar10; seed 7.",
    );
  });

  it("come with how they were made and what that took", () => {
    for (const fact of [
      "<dt>Sampler</dt><dd>DDIM, η 0, 50 steps</dd>",
      "<dt>Respacing</dt><dd>ddim50: 50 steps an image</dd>",
      "<dt>Network evaluations</dt><dd>600 for 12 images</dd>",
      "<dt>Time</dt><dd>1 min 30 s, 7.5 s an image</dd>",
    ]) {
      expect(page).toContain(fact);
    }
    expect(page).not.toContain("<dt>Guidance</dt>");
    expect(page).not.toContain("<dt>Classes</dt>");
    expect(page).not.toContain("<dt>Data</dt><dd>no reference images: 0");
  });

  it("name their distances in the finding and in the table", () => {
    const { headline, details } = describeFinding(runOf(drawn).results);
    expect(headline).toBe("12 images drawn from noise: DDIM, η 0, 50 steps, seed 7.");
    expect(details.map(plain)).toEqual(["To cifar10: Fréchet distance 12.35 (11–13.5), n = 12."]);
    expect(page).toContain('<td class="metric">Fréchet distance</td><td class="number value">12.35</td>');
  });

  it("that were guided say by what, and name the class of each", () => {
    const labels = [3, 3, 3, 5, 5, 5, 3, 3, 3, 5, 5, 5];
    const guidance = { by: 'a "noisy" <classifier>', scale: 2.5 };
    const ddpm = { ...samples, sampler: "ddpm" as const, eta: null, labels, guidance };
    const guided = pageOf({ ...drawn, samples: ddpm });
    expect(guided).toContain(
      "DDPM, 50 steps, guided by a &quot;noisy&quot; &lt;classifier&gt;, classes 3, 5",
    );
    expect(guided).toContain("<dt>Guidance</dt><dd>a &quot;noisy&quot; &lt;classifier&gt;, scale 2.5</dd>");
    expect(guided).toContain(
      '<th scope="row">row 1</th><td>3</td><td>3</td><td>3</td></tr><tr><th scope="row">row 2</th><td>5</td><td>5</td></tr>',
    );
  });

  it("say how to make them again", () => {
    const again = renderReport([runOf(drawn, { config: "steps: ddim50\n" })]);
    expect(again).toContain("difftap-eval sample --config runs/one/config.yaml");
  });
});
