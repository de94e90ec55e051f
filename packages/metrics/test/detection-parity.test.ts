import { describe, expect, test } from "vitest";
import { evaluateDetections } from "../src/index.js";
import { cocoNames, detectionSet, largestDifference } from "./coco.js";
import { fixturesMissing, readCoco } from "./fixtures.js";

const title = fixturesMissing
  ? "figures of pycocotools (skipped: no fixtures beside the repository)"
  : "figures of pycocotools";

describe.skipIf(fixturesMissing)(title, () => {
  test.each([
    ["box", "bbox"],
    ["mask", "segm"],
  ] as const)("of each %s, to 1e-9", (kind, name) => {
    const { groundTruth, detections, expected } = readCoco();
    const { stats, AP_per_class } = expected[name]!;
    const { figures, categories, n } = evaluateDetections({
      ...detectionSet(groundTruth, detections),
      kind,
    });
    const figuresOfPython = Object.values(cocoNames).map((each) => stats[each]!);
    const worst = largestDifference(figures, figuresOfPython);
    if (process.env.DIFFTAP_FIGURES) process.stdout.write(`COCO ${kind}: largest difference ${worst}\n`);
    expect(worst).toBeLessThan(1e-9);
    expect(n).toBe(groundTruth.images.length);
    for (const category of categories) expect(category.ap).toBeCloseTo(AP_per_class[category.name]!, 9);
  });
});
