/** One run with every section there is, and the runs that hold them by themselves. */
import type { ResultsInput, RunFolder } from "@difftap/run-folder";
import { analysisResults } from "./example-analysis.js";
import { denseResults } from "./example-dense.js";
import { headResults } from "./example-heads.js";
import { environment, runOf, wholeResults } from "./example-runs.js";
import { samplesResults } from "./example-samples.js";
import { suiteResults } from "./example-suite.js";

export function everythingResults(): ResultsInput {
  const { heads, attention, tapWeights, tapShares } = headResults();
  const { detection, segmentation } = denseResults();
  return {
    ...wholeResults(),
    ...{ heads, attention, tapWeights, tapShares, detection, segmentation },
    ...{ samples: samplesResults().samples, suite: suiteResults().suite },
    analysis: analysisResults().analysis,
  };
}

/** As `difftap-report` takes them, side by side. */
export function severalRuns(): RunFolder[] {
  const all = [
    ...[wholeResults(), headResults(), denseResults(), denseResults()],
    ...[samplesResults(), suiteResults(), analysisResults()],
  ];
  return all.map((results, index) =>
    runOf(results, { path: `runs/${index}`, environment, config: "a: 1\n" }),
  );
}
