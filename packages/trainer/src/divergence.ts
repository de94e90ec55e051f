/** Notices that training has broken, and says where. */
import { DifftapError } from "@difftap/core";
import type { LabelledBatch } from "./source.js";

/** A loss this many times that of guessing never comes back by itself. */
const HOPELESS = 1000;

export interface StepPlace {
  /** Counted from 1. */
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
  readonly lastCheckpoint: string | undefined;
}

/** @throws DifftapError NUMERIC naming step, learning rate and last good checkpoint when the loss is no number or out of bounds. */
export function checkLoss(loss: number, classes: number, batch: LabelledBatch, place: StepPlace): void {
  if (Number.isFinite(loss) && loss <= HOPELESS * Math.log(classes)) return;
  const { step, epoch, learningRate, lastCheckpoint } = place;
  const broken = brokenTap(batch);
  const cause = broken ? `tap ${broken} of this batch holds values that are not finite` : "training diverged";
  throw new DifftapError(
    "NUMERIC",
    `loss ${loss} at step ${step} (epoch ${epoch.toFixed(2)}, learning rate ${learningRate}): ${cause}; last good checkpoint: ${lastCheckpoint ?? "none"}`,
    {
      hint: broken ? "extract these features again" : "lower the learning rate, or standardise the features",
      details: { ...place, loss, tap: broken },
    },
  );
}

function brokenTap({ features }: LabelledBatch): string | undefined {
  const broken = Object.entries(features).find(([, { data }]) =>
    data.some((value) => !Number.isFinite(value)),
  );
  return broken?.[0];
}
