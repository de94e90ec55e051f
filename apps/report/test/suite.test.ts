import { describe, expect, it } from "vitest";
import { describeFinding, renderReport } from "../src/index.js";
import { HOSTILE, runOf } from "./example-runs.js";
import { suiteResults } from "./example-suite.js";

const results = suiteResults();
const suite = results.suite!;
const plain = (markup: string) => markup.replace(/[\u00A0\u202F]/g, " ");
const page = plain(renderReport([runOf(results, { config: "seeds: [0, 1]\n" })]));

describe("a suite", () => {
  it("is one table, data set by data set, with the paper's column beside ours", () => {
    const cells =
      '<td class="number">28.0–34.5</td><td class="number">31.6 %</td><td class="number">3,333</td>';
    expect(page).toContain(
      `<tbody><tr class="group"><th scope="rowgroup" colspan="8">aircraft</th></tr>
<tr><th scope="row">linear</th><td class="metric">top-1</td><td class="number value">31.0 ± 1.3 %</td>${cells}<td class="seeds">0, 1</td><td>linear head, sgd; split test<br><code>jobs/aircraft-linear</code> </td></tr>`,
    );
    expect(page).toContain(
      '<th scope="row">heads<small>DifFormer</small></th><td class="metric">top-1</td><td class="number value">65.5 %</td><td class="number">63.0–68.0</td><td class="number">–</td>',
    );
    expect(page).toContain('<td class="metric">error</td><td class="number value">0.0312</td>');
    expect(page.match(/<th scope="rowgroup" colspan="8">(aircraft|bccd)</g)).toHaveLength(2);
    expect(page).toContain("The paper’s column, measured by its own protocol: arXiv 2311.17921, chart.");
  });

  it("stands among all numbers, too", () => {
    expect(page).toContain(
      '<tr><td>aircraft, heads, DifFormer</td><td class="metric">top-1</td><td class="number value">65.5 %</td>',
    );
  });

  it("names what failed and what is missing", () => {
    expect(page).not.toContain(HOSTILE);
    expect(page).toContain("exit 3: the &lt;test&gt; set has class 101");
    expect(page).toContain("Not finished: cars, linear; cars, heads.");
    const whole = renderReport([runOf({ ...results, suite: { ...suite, failures: [], missing: [] } })]);
    for (const part of ["Not finished", "Jobs without a number"]) expect(whole).not.toContain(part);
  });

  it("is said in a sentence, with the best reading of each data set", () => {
    const { headline, details } = describeFinding(runOf(results).results);
    expect(headline).toBe("4 readings of 2 data sets gave 4 numbers, 1 job failed, 2 jobs not finished.");
    expect(details.map(plain)).toEqual([
      "Aircraft: heads, DifFormer reads best, top-1 65.5 % (63.0–68.0), n = 3,333.",
    ]);
  });

  it("says how to make it again", () => {
    expect(page).toContain("difftap-train suite --config runs/one/config.yaml");
    expect(page).toContain("Suite · cifar10");
  });

  it("may hold no numbers at all", () => {
    const empty = { ...suite, rows: [] };
    const { headline, details } = describeFinding(runOf({ ...results, suite: empty }).results);
    expect([headline, details]).toEqual([
      "0 readings of 0 data sets gave 0 numbers, 1 job failed, 2 jobs not finished.",
      [],
    ]);
    expect(renderReport([runOf({ ...results, suite: empty })])).not.toMatch(/NaN|undefined|\[object/);
  });
});
