/** The modules of feedback: how they are written, and what is left of them after training. */
import { DifftapError, type NdArray } from "@difftap/core";

/**
 * A feedback module spelled out. C: the first is a 1×1 convolution to the mirror's channels, later ones are depthwise 3×3, none with a
 * bias; B: batch norm; R: ReLU; S: SiLU; G: group norm with 32 groups.
 */
export type FeedbackLetter = "C" | "B" | "R" | "S" | "G";

/** Names of a module's layers are `feedback.N.PLACE`: N counts feedback blocks, PLACE the letters, both from 0. */
export function feedbackLetters(module: string): readonly FeedbackLetter[] {
  if (/^C(_[CBRSG])*$/.test(module)) return module.split("_") as FeedbackLetter[];
  throw new DifftapError("CONFIG_INVALID", `feedback module "${module}" cannot be read`, {
    hint: "letters joined by _, C first, of C (convolution), B (batch norm), G (group norm), R (ReLU), S (SiLU): C_B_R",
    details: { module },
  });
}

/** Feedback as training left it, for a runtime that runs both passes. */
export interface TrainedFeedback {
  /** Output blocks whose features are fed back. */
  readonly blocks: readonly number[];
  /** As `feedbackLetters` reads it. */
  readonly module: string;
  /** float32 by name: `feedback.0.0.weight`, `feedback.0.1.running_mean`, … */
  readonly tensors: Readonly<Record<string, NdArray>>;
}
