/** What a training leaves to be reported. */
import type { EngineChoice } from "@difftap/engine";
import type { NamedResult } from "@difftap/trainer";
import type { FeaturePair } from "./features.js";
import type { Member } from "./members.js";

export interface TrainedHeads {
  readonly pair: FeaturePair;
  readonly engine: EngineChoice;
  readonly classes: number;
  readonly members: readonly Member[];
  readonly results: readonly NamedResult[];
  readonly checkpoint: string | undefined;
  readonly seconds: number;
}
