/**
 * What every segmenter has to hold, as checks for any test runner. An engine with gradients has to be running.
 *
 * ```ts
 * import { selectEngine } from "@difftap/engine";
 * import { segmenterContract } from "@difftap/segmentation/testing";
 * import { beforeAll, describe, test } from "vitest";
 * import mySegmenter from "./my-segmenter.js";
 *
 * const tap = { name: "t90/b09", block: 9, timestep: 90, channels: 8, height: 4, width: 4 };
 * beforeAll(() => selectEngine("cpu"));
 * describe("my-segmenter", () => {
 *   for (const { name, check } of segmenterContract) {
 *     test(name, () => check({ definition: mySegmenter, spec: {}, taps: [tap], classes: 3 }));
 *   }
 * });
 * ```
 */
import type { ContractCheck } from "./contract/example.js";
import { checkFlat, checkIgnored, checkObjective, checkOtherSizes, checkScores } from "./contract/outputs.js";
import { checkEvaluation, checkMemory, checkSaved } from "./contract/state.js";
import {
  checkGradients,
  checkLearning,
  checkRepeatable,
  checkSeed,
  checkTrainingMode,
} from "./contract/training.js";

export type { ContractCheck, SegmenterExample } from "./contract/example.js";

export const segmenterContract: readonly ContractCheck[] = [
  { name: "gives finite scores of every class at the size asked for", check: checkScores },
  { name: "gives finite terms to minimise", check: checkObjective },
  { name: "takes label maps of which nothing counts", check: checkIgnored },
  { name: "reads flat features like maps", check: checkFlat },
  { name: "takes maps of another height and width", check: checkOtherSizes },
  { name: "evaluates each image alone, and changes nothing by it", check: checkEvaluation },
  { name: "gives the same scores after saving and loading", check: checkSaved },
  { name: "leaves no tensor behind", check: checkMemory },
  { name: "has a gradient for every parameter", check: checkGradients },
  { name: "moves its buffers in training, and nothing else", check: checkTrainingMode },
  { name: "is decided by its seed", check: checkSeed },
  { name: "trains twice to the same bits", check: checkRepeatable },
  { name: "learns", check: checkLearning },
];
