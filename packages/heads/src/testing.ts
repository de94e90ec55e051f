/**
 * What every head has to hold, as checks for any test runner. An engine with gradients has to be running.
 *
 * ```ts
 * import { selectEngine } from "@difftap/engine";
 * import { headContract } from "@difftap/heads/testing";
 * import { beforeAll, describe, test } from "vitest";
 * import myHead from "./my-head.js";
 *
 * const tap = { name: "t90/b09", block: 9, timestep: 90, channels: 8, height: 4, width: 4 };
 * beforeAll(() => selectEngine("cpu"));
 * describe("my-head", () => {
 *   for (const { name, check } of headContract) {
 *     test(name, () => check({ definition: myHead, spec: {}, taps: [tap], classes: 5 }));
 *   }
 * });
 * ```
 */
import type { ContractCheck } from "./contract/example.js";
import { checkExplained, checkFlat, checkShapes, checkSingle } from "./contract/outputs.js";
import { checkEvaluation, checkMemory, checkSaved } from "./contract/state.js";
import { checkGradients, checkRepeatable, checkSeed, checkTrainingMode } from "./contract/training.js";

export type { ContractCheck, HeadExample } from "./contract/example.js";
export {
  disposeFeatures,
  type ExampleSize,
  exampleFeatures,
  firstRow,
  requireGradients,
  requireRepeatable,
  requireSeed,
  tensorsOf,
} from "./contract/shared.js";

export const headContract: readonly ContractCheck[] = [
  { name: "gives one row of finite logits per sample", check: checkShapes },
  { name: "has a gradient for every parameter", check: checkGradients },
  { name: "gives the same logits after saving and loading", check: checkSaved },
  { name: "takes a batch of one", check: checkSingle },
  { name: "evaluates each sample alone, and changes nothing by it", check: checkEvaluation },
  { name: "moves its buffers in training, and nothing else", check: checkTrainingMode },
  { name: "is decided by its seed", check: checkSeed },
  { name: "trains twice to the same bits", check: checkRepeatable },
  { name: "reads flat features like maps", check: checkFlat },
  { name: "says where it looks and what it weighs, where it can", check: checkExplained },
  { name: "leaves no tensor behind", check: checkMemory },
];
