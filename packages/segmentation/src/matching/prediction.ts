/** What mask classification predicts, and how its losses and matching costs are weighed. MaskFormer (arXiv 2107.06278). */
import type * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";

/** A class and a mask for each of Q queries. */
export interface QueryPrediction {
  /** [N, Q, classes + 1]; the last class is "no object". */
  readonly classLogits: tf.Tensor3D;
  /** [N, Q, height, width]; the mask's probability is their sigmoid. */
  readonly maskLogits: tf.Tensor4D;
}

/** Fields of a spec that weigh the terms, in the matching and in the loss alike. */
export const maskTermFields = {
  /** How pixels of a mask are told right from wrong: focal loss as in MaskFormer, or binary cross-entropy as in its successor. */
  maskLoss: z.enum(["focal", "bce"]).default("focal"),
  classWeight: z.number().positive().default(1),
  maskWeight: z.number().positive().default(20),
  diceWeight: z.number().positive().default(1),
};

export interface MaskTerms {
  readonly maskLoss: "focal" | "bce";
  readonly classWeight: number;
  readonly maskWeight: number;
  readonly diceWeight: number;
}
