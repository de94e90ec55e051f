/** Notices that training has broken, and says where. */
import { DifftapError } from "@difftap/core";
import type { LabelledBatch } from "./source.js";

/** A loss this many times that of guessing never comes back by itself. */
const HOPELESS = 1000;

/** What guessing would cost is known of classifiers only. */
export function isHopeless(loss: number, classes: number | undefined): boolean {
  return !Number.isFinite(loss) || (classes !== undefined && loss > HOPELESS * Math.log(classes));
}

export interface StepPlace {
  /** Of the model among several; empty for one alone. */
  readonly model: string;
  /** Counted from 1. */
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
  readonly lastCheckpoint: string | undefined;
}

/** NUMERIC naming what was seen, step, learning rate and last good checkpoint. */
export function divergence(
  seen: string,
  place: StepPlace,
  hint = "lower the learning rate, or standardise the features",
): DifftapError {
  return new DifftapError("NUMERIC", `${seen} ${sentence(place)}: training diverged; ${remains(place)}`, {
    hint,
    details: { ...place, seen },
  });
}

/** @throws DifftapError NUMERIC naming the tap whose features in this batch are not finite: no model is to blame then. */
export function checkFeatures({ features }: LabelledBatch, loss: number, place: StepPlace): void {
  const broken = Object.entries(features).find(([, { data }]) =>
    data.some((value) => !Number.isFinite(value)),
  );
  if (broken === undefined) return;
  const [tap] = broken;
  const cause = `tap ${tap} of this batch holds values that are not finite`;
  throw new DifftapError("NUMERIC", `loss ${loss} ${sentence(place)}: ${cause}; ${remains(place)}`, {
    hint: "extract these features again",
    details: { ...place, tap },
  });
}

function sentence({ model, step, epoch, learningRate }: StepPlace): string {
  const of = model === "" ? "" : `of ${model} `;
  return `${of}at step ${step} (epoch ${epoch.toFixed(2)}, learning rate ${learningRate})`;
}

function remains({ lastCheckpoint }: StepPlace): string {
  return `last good checkpoint: ${lastCheckpoint ?? "none"}`;
}
