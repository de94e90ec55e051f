/** A trained detector or segmenter out of a run folder, with the maps that it reads: all that lies before it runs on ONNX Runtime. */
import { join } from "node:path";
import type { BackboneRuntime, TrainedFeedback } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import type { Fit } from "@difftap/datasets";
import type { HeadTap } from "@difftap/heads";
import { latestCheckpoint, type Tensors } from "@difftap/trainer";
import type { Model } from "../model.js";
import { withRandomWeights, withRuntime } from "../runtime.js";
import { BACKBONE } from "../saved-head.js";
import { type MapReader, openMapReader } from "./map-reader.js";
import { openPixelReader } from "./pixel-reader.js";

/** What stood before the adapter, as its training describes it. */
type SavedBackbone =
  | { readonly kind: "frozen" | "random"; readonly weights: string }
  | {
      readonly kind: "feedback";
      readonly weights: string;
      readonly feedback: Omit<TrainedFeedback, "tensors">;
    }
  | { readonly kind: "tuned"; readonly begun: string }
  | { readonly kind: "pixels"; readonly strides: readonly number[] };

export interface SavedDense<Description> {
  readonly adapter: Description;
  readonly backbone: SavedBackbone;
  /** How images were laid out in training. */
  readonly data: { readonly canvas: { readonly height: number; readonly width: number }; readonly fit: Fit };
  /** Of the adapter alone. */
  readonly tensors: Tensors;
  readonly feedbackTensors: Tensors;
  readonly backboneTensors: Tensors;
}

const FEEDBACK = "feedback.";

/** @throws DifftapError FILE_MISSING for a folder without a checkpoint. */
export async function readSavedDense<D>(run: string): Promise<SavedDense<D>> {
  const checkpoint = await latestCheckpoint(join(run, "checkpoints"));
  if (!checkpoint) {
    throw new DifftapError("FILE_MISSING", `${run} holds no checkpoint of a detector or segmenter`, {
      hint: "name a seed's folder of difftap-train detect or segment, such as runs/cells/seed-0",
    });
  }
  const [{ description, tensors: parts }] = checkpoint.models as [(typeof checkpoint.models)[number]];
  const all = Object.entries({ ...parts.model, ...parts.ema });
  const under = (prefix: string) => all.filter(([name]) => name.startsWith(prefix));
  const own = all.filter(([name]) => !name.startsWith(BACKBONE) && !name.startsWith(FEEDBACK));
  const { adapter, backbone, data } = description as Pick<SavedDense<D>, "adapter" | "backbone" | "data">;
  return {
    adapter,
    backbone,
    data,
    tensors: Object.fromEntries(own),
    feedbackTensors: Object.fromEntries(under(FEEDBACK)),
    backboneTensors: Object.fromEntries(
      under(BACKBONE).map(([name, array]) => [name.slice(BACKBONE.length), array]),
    ),
  };
}

export interface ReaderChoice {
  readonly run: string;
  /** Of the backbone; not needed for a network that was trained along, nor for none. */
  readonly weights?: string | undefined;
  readonly architecture?: string | undefined;
  readonly taps: readonly HeadTap[];
}

/** Opens what gives the adapter's maps, hands it to `use` and closes it. @throws DifftapError STORE_MISMATCH for other weights. */
export function withMaps<T>(
  saved: SavedDense<unknown>,
  choice: ReaderChoice,
  use: (reader: MapReader) => Promise<T>,
): Promise<T> {
  const { backbone } = saved;
  if (backbone.kind === "pixels") return use(openPixelReader(backbone.strides));
  const tuned = backbone.kind === "tuned";
  const weights = choice.weights ?? (tuned ? join(choice.run, "weights.safetensors") : "scenes");
  const settings = {
    weights,
    architecture: choice.architecture,
    ...(tuned && { tuned: saved.backboneTensors }),
  };
  return withRuntime(settings, async (runtime, model) => {
    if (backbone.kind === "random") return onRandom(model, (random) => reading(random, saved, choice, use));
    if (backbone.kind !== "tuned") checkSame(runtime, backbone.weights, choice.run, weights);
    return reading(runtime, saved, choice, use);
  });
}

function onRandom<T>(model: Model, use: (runtime: BackboneRuntime) => Promise<T>): Promise<T> {
  return withRandomWeights(model, { seed: 0 }, use);
}

async function reading<T>(
  runtime: BackboneRuntime,
  { backbone, feedbackTensors: tensors, data: { canvas } }: SavedDense<unknown>,
  { taps }: ReaderChoice,
  use: (reader: MapReader) => Promise<T>,
): Promise<T> {
  const feedback = backbone.kind === "feedback" ? { ...backbone.feedback, tensors } : undefined;
  const reader = openMapReader({ runtime, taps, feedback, canvas });
  try {
    return await use(reader);
  } finally {
    await reader.close();
  }
}

function checkSame(runtime: BackboneRuntime, trained: string, run: string, weights: string): void {
  if (runtime.weightsDigest === trained) return;
  throw new DifftapError("STORE_MISMATCH", `${run} was not trained on the weights ${weights}`, {
    hint: "name the checkpoint it was trained on in --weights",
    details: { trained, found: runtime.weightsDigest },
  });
}
