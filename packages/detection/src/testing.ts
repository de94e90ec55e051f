/**
 * What every detector has to hold, as checks for any test runner. An engine with gradients has to be running.
 *
 * ```ts
 * import { selectEngine } from "@difftap/engine";
 * import { detectorContract } from "@difftap/detection/testing";
 * import { beforeAll, describe, test } from "vitest";
 * import myDetector from "./my-detector.js";
 *
 * const tap = { name: "t50/b09", block: 9, timestep: 50, channels: 8, height: 8, width: 8 };
 * const example = { definition: myDetector, spec: {}, taps: [tap], image: { height: 32, width: 32 }, classes: 3 };
 * beforeAll(() => selectEngine("cpu"));
 * describe("my-detector", () => {
 *   for (const { name, check } of detectorContract) test(name, () => check(example));
 * });
 * ```
 */
import type { ContractCheck } from "./contract/example.js";
import { checkAlone, checkDetections, checkMemory, checkSaved } from "./contract/finding.js";
import {
  checkDescent,
  checkGradients,
  checkRepeatable,
  checkSeed,
  checkTargets,
  checkTerms,
} from "./contract/learning.js";

export type { ContractCheck, DetectorExample } from "./contract/example.js";

export const detectorContract: readonly ContractCheck[] = [
  { name: "makes targets whose shapes follow from the image", check: checkTargets },
  { name: "has finite terms, with objects and without", check: checkTerms },
  { name: "has a gradient for every parameter", check: checkGradients },
  { name: "learns along its gradient", check: checkDescent },
  { name: "finds objects inside each image, best first", check: checkDetections },
  { name: "finds the same after saving and loading", check: checkSaved },
  { name: "evaluates each image alone, and changes nothing by it", check: checkAlone },
  { name: "is decided by its seed", check: checkSeed },
  { name: "trains twice to the same bits", check: checkRepeatable },
  { name: "leaves no tensor behind", check: checkMemory },
];
