/** The diffusion loss beside fine-tuning: as a second term of what is minimised, and measured before and after on the same images. */
import type { Architecture } from "@difftap/backbone";
import type { TfjsUnet } from "@difftap/backbone-tfjs";
import type { LongWork } from "@difftap/core";
import { loadImages } from "@difftap/datasets";
import { tf } from "@difftap/engine";
import { type Selection, scaled, withoutPadding } from "@difftap/eval";
import { type DenoiserOptions, drawnLosses, type LossKind } from "@difftap/pretraining";
import { createSchedule } from "@difftap/scheduler";
import type { FurtherTerm } from "@difftap/trainer";
import { WHOLE } from "./finetune-images.js";
import type { FinetuneSettings } from "./finetune-settings.js";

/** Dropout of this term's forward draws apart from the head's: no training has so many steps. */
const APART = 2 ** 40;

interface Network {
  readonly unet: TfjsUnet;
  readonly architecture: Architecture;
  readonly settings: Pick<FinetuneSettings, "prediction" | "diffusionWeight">;
}

/** As pretraining has it: RESCALED_MSE, with the variational term where the variance is learned. */
function kindOf({ learnSigma }: Architecture, prediction: LossKind["prediction"]): LossKind {
  return { prediction, variance: learnSigma ? "LEARNED_RANGE" : "FIXED_LARGE", loss: "RESCALED_MSE" };
}

/** Timesteps and noise are drawn by seed and step. */
export function diffusionTerm(network: Network & { readonly seed: number }): FurtherTerm {
  const { seed, settings } = network;
  const losses = lossesOf(network);
  return {
    name: "diffusion",
    weight: settings.diffusionWeight,
    loss(inputs, { training, step = 0 }) {
      const options = { training, dropoutAddress: { seed, index: APART + step } };
      return tf.mean(losses(inputs[WHOLE]!, { seed, step }, options).loss) as tf.Scalar;
    },
  };
}

/** Of each image of a fixed set. */
export interface DiffusionFigures {
  readonly loss: Float64Array;
  /** Squared error of what the network predicts. */
  readonly mse: Float64Array;
}

export interface Measured extends Network {
  /** Evenly spaced images of it are taken. */
  readonly images: Selection;
  readonly count: number;
  readonly size: number;
  readonly batch: number;
  /** Of timesteps and noise. */
  readonly seed: number;
}

/** The same images, noise and timesteps at every call. @throws DifftapError IMAGE_CORRUPT, INTERRUPTED. */
export async function measureDiffusion(measured: Measured, work: LongWork = {}): Promise<DiffusionFigures> {
  const { images, size, batch, seed } = measured;
  const count = Math.min(measured.count, images.indices.length);
  const indices = Uint32Array.from(
    { length: count },
    (_, place) => images.indices[Math.floor((place * images.indices.length) / count)]!,
  );
  const figures = { loss: new Float64Array(count), mse: new Float64Array(count) };
  const losses = lossesOf(measured);
  const loaded = loadImages(images.dataset, { indices, size, batch, onCorrupt: "fail", ...work });
  for await (const read of loaded) {
    const { data, shape } = scaled(withoutPadding(read));
    const options = { training: false, dropoutAddress: { seed, index: 0 } };
    const found = tf.tidy(() => {
      const address = { seed, step: read.start };
      const { loss, mse } = losses(tf.tensor(data, [...shape]), address, options);
      return { loss, mse: mse! };
    });
    figures.loss.set(await found.loss.data(), read.start);
    figures.mse.set(await found.mse.data(), read.start);
    tf.dispose(found);
    work.onProgress?.({
      task: "diffusion loss",
      done: read.start + read.count,
      total: count,
      unit: "images",
    });
  }
  return figures;
}

function lossesOf({ unet, architecture, settings }: Network) {
  const schedule = createSchedule(architecture.diffusion);
  const kind = kindOf(architecture, settings.prediction);
  // Undefined only where a visitor stops the run.
  const forward = (inputs: Parameters<TfjsUnet["forward"]>[0], options: DenoiserOptions) =>
    unet.forward(inputs, options)!;
  return (xStart: tf.Tensor, address: { seed: number; step: number }, options: DenoiserOptions) =>
    drawnLosses({ model: { forward }, schedule, kind, xStart, address, options });
}
