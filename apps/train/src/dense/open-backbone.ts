/** Opens what stands before an adapter, as the settings say. */
import {
  type BackboneRuntime,
  blockTable,
  checkImageSize,
  findBlock,
  type ImageSize,
} from "@difftap/backbone";
import { DifftapError, isDifftapError } from "@difftap/core";
import { type Model, withRandomWeights, withRuntime } from "@difftap/eval";
import { describeTap, type HeadTap } from "@difftap/heads";
import type { DenseBackbone } from "./backbone.js";
import { feedbackBackbone } from "./feedback.js";
import { frozenBackbone } from "./frozen.js";
import { pixelBackbone } from "./pixels.js";
import type { DenseSettings } from "./settings.js";
import { tunedBackbone } from "./tuned.js";

/** The network of a run, for all its seeds. */
export interface DenseNetwork {
  readonly model: Model;
  readonly runtime: BackboneRuntime;
}

/** Opens weights and runtime, hands them to `use` and closes them, whatever happens. @throws DifftapError as `withRuntime` */
export function withNetwork<T>(
  settings: DenseSettings,
  use: (network: DenseNetwork) => Promise<T>,
): Promise<T> {
  return withRuntime(settings, async (runtime, model) => {
    checkImageSize(model.architecture, settings.canvas);
    if (settings.backbone !== "random") return use({ runtime, model });
    return withRandomWeights(model, { seed: 0 }, (random) => use({ runtime: random, model }));
  });
}

/** A seed's own. @throws DifftapError as the kind of backbone. */
export async function openBackbone(
  { model, runtime }: DenseNetwork,
  settings: DenseSettings,
  seed: number,
): Promise<DenseBackbone> {
  const size = settings.canvas;
  const taps = tapsOf(model, settings);
  if (settings.backbone === "pixels") return pixelBackbone({ taps, size });
  if (settings.backbone === "tuned") {
    return tunedBackbone({ model, taps, settings: { ...settings, freeze: false }, seed });
  }
  if (settings.backbone !== "feedback") {
    return frozenBackbone({ runtime, taps, kind: settings.backbone, canvas: size });
  }
  const { feedbackBlocks, feedbackModule: module, blocks } = settings;
  const feedback = { blocks: feedbackBlocks ?? outputBlocks(model, blocks), module };
  return feedbackBackbone({ runtime, model, taps, size, feedback, seed });
}

/** Those that can feed back; where there is none all of them, for the error to name. */
function outputBlocks({ architecture }: Model, blocks: readonly number[]): readonly number[] {
  const table = blockTable(architecture);
  const outputs = blocks.filter((block) => findBlock(table, block).kind === "output");
  return outputs.length > 0 ? outputs : blocks;
}

function tapsOf(model: Model, { blocks, timesteps, tapScales, canvas }: DenseSettings): HeadTap[] {
  const table = blockTable(model.architecture);
  const sizes = tapScales.map((scale) => ({ size: scaledCanvas(model, canvas, scale), other: scale !== 1 }));
  return timesteps.flatMap((timestep) =>
    sizes.flatMap((images) =>
      blocks.map((block) => describeTap(table, { block, timestep, pool: "map", ...images })),
    ),
  );
}

/** @throws DifftapError CONFIG_INVALID for a canvas that the network cannot take at that scale, with the nearest that it can. */
function scaledCanvas({ architecture }: Model, canvas: ImageSize, scale: number): ImageSize {
  // 0.7 · 160 is 111.99999999999999.
  const scaled = (side: number) => Number((side * scale).toFixed(6));
  const size = { height: scaled(canvas.height), width: scaled(canvas.width) };
  try {
    checkImageSize(architecture, size);
    return size;
  } catch (cause) {
    if (!isDifftapError(cause)) throw cause;
    const what = `--tap-scales ${scale} of a canvas of ${canvas.height}×${canvas.width}`;
    throw new DifftapError("CONFIG_INVALID", `${what}: ${cause.message}`, {
      hint: `${cause.hint}: choose canvas and scales so that both sides are such at every scale`,
      details: { scale, canvas, ...cause.details },
      cause,
    });
  }
}
