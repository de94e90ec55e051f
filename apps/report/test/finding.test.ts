import { describe, expect, it } from "vitest";
import { describeFinding } from "../src/index.js";
import { bareResults, gridOf, runOf, wholeResults } from "./example-runs.js";

/** Spaces that do not break, as plain ones. */
const plain = (text: string) => text.replaceAll(/[\u00A0\u202F]/g, " ");

describe("the finding", () => {
  it("of a grid names block, timestep, interval and n of its best cell", () => {
    const { headline, details } = describeFinding(runOf(wholeResults()).results);
    expect(plain(headline)).toBe("Block 3 at t = 50 reads best: 51.0 % (49.5–52.5), n = 4,000.");
    expect(details.map(plain)).toEqual([
      "It is the middle block, on a map of 32 × 32 with 192 channels, 0.375 GMAC into the network.",
      "3 of the other 9 cells lie within that interval: the peak is a plateau, not a point.",
      "From clean to t = 50 the best block's accuracy rises by 1.0 points.",
      "For comparison: raw pixels (33.6 %), random weights (at most 36.5 %).",
    ]);
  });

  it("of clean images says so, and of one cell makes no comparison", () => {
    const { headline, details } = describeFinding(
      runOf({ ...bareResults(), grid: gridOf(1, ["clean"]) }).results,
    );
    expect(headline).toMatch(/^Block 1 on clean images reads best/);
    expect(details).toHaveLength(1);
  });

  it("of other runs is their first top-1", () => {
    const { results } = wholeResults();
    const { headline, details } = describeFinding(
      runOf({ ...bareResults(), results: [...results].reverse() }).results,
    );
    expect(plain(headline)).toBe("Block 3, t = 50, pool 2: top-1 51.0 % (49.5–52.5), n = 4,000.");
    expect(details.map(plain)).toEqual(["20-NN 44.1 % (42.5–45.6), n = 4,000."]);
  });

  it("of nothing says that there is nothing", () => {
    expect(describeFinding(runOf(bareResults()).results).headline).toBe("This run holds no numbers.");
    expect(describeFinding(runOf({ ...bareResults(), grid: gridOf(0, []) }).results).headline).toBe(
      "This run holds no numbers.",
    );
  });
});
