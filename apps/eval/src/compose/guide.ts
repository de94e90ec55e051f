/** What pulls samples towards classes: a noisy classifier, or a head trained on the network's own features. */
import { finiteNumber, option } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import type { OfNoisyImages } from "@difftap/scheduler";
import { z } from "zod";
import type { Model } from "./model.js";

export const guideOptions = {
  classifier: option(
    "<file>",
    "noisy classifier whose gradient pulls images towards their class",
    z.string().min(1).optional(),
  ),
  classifierArchitecture: option(
    "<file>",
    "its architecture as JSON; not needed for published files, nor beside NAME.pt as NAME.json",
    z.string().min(1).optional(),
  ),
  guideHead: option(
    "<run>",
    "run folder of difftap-train head, whose head's gradient does so through the U-Net",
    z.string().min(1).optional(),
  ),
  guideModel: option(
    "<name>",
    "which head of that run (default: the only one)",
    z.string().min(1).optional(),
  ),
  guidanceScale: option("<number>", "how strongly", finiteNumber().default(1)),
  engine: option("<name>", "TensorFlow.js backend of the gradient, or auto", z.string().default("auto")),
};

export interface GuideSettings {
  readonly classifier?: string | undefined;
  readonly classifierArchitecture?: string | undefined;
  readonly guideHead?: string | undefined;
  readonly guideModel?: string | undefined;
  readonly guidanceScale: number;
  readonly engine: string;
}

/** The gradient of a log-probability, and whose it is. */
export interface GuideSource {
  /** In words, as results name it. */
  readonly by: string;
  /** Of the weights, in hexadecimal. */
  readonly digest: string;
  readonly classes: number;
  /** ∇ log p(label | x_t) with respect to x_t. */
  readonly gradient: OfNoisyImages;
  close(): void;
}

export interface Guide extends GuideSource {
  readonly scale: number;
}

/**
 * Opens the guide that was asked for, if any, and hands it to `use`; closes it afterwards.
 * @param size side of the samples in pixels
 * @throws DifftapError CONFIG_INVALID when two guides are named or the classifier is of another size, and what opening them throws.
 */
export async function withGuide<T>(
  settings: GuideSettings,
  model: Model,
  size: number,
  use: (guide: Guide | undefined) => Promise<T>,
): Promise<T> {
  const source = await openGuide(settings, model, size);
  if (source === undefined) return use(undefined);
  try {
    return await use({ ...source, scale: settings.guidanceScale });
  } finally {
    source.close();
  }
}

async function openGuide(
  settings: GuideSettings,
  model: Model,
  size: number,
): Promise<GuideSource | undefined> {
  const { classifier, guideHead, engine } = settings;
  if (classifier !== undefined && guideHead !== undefined) {
    throw new DifftapError("CONFIG_INVALID", "both --classifier and --guide-head were given", {
      hint: "samples have one guide",
    });
  }
  if (classifier === undefined && guideHead === undefined) return undefined;
  // Loaded here: sampling without a guide needs no TensorFlow.js.
  const { selectEngine } = await import("@difftap/engine");
  await selectEngine(engine);
  if (classifier !== undefined) {
    const { openClassifierGuide } = await import("./classifier-guide.js");
    return openClassifierGuide(classifier, settings.classifierArchitecture, size);
  }
  const { openHeadGuide } = await import("./head-guide.js");
  const square = { height: size, width: size };
  return openHeadGuide({ run: guideHead!, model: settings.guideModel }, model, square);
}
