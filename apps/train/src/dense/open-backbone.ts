/** Opens what stands before an adapter, as the settings say. */
import { type BackboneRuntime, blockTable, checkImageSize } from "@difftap/backbone";
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
    return frozenBackbone({ runtime, taps, kind: settings.backbone });
  }
  const { feedbackBlocks, feedbackModule: module, blocks } = settings;
  const feedback = { blocks: feedbackBlocks ?? blocks, module };
  return feedbackBackbone({ runtime, model, taps, size, feedback, seed });
}

function tapsOf({ architecture }: Model, { blocks, timesteps, canvas: size }: DenseSettings): HeadTap[] {
  const table = blockTable(architecture);
  return timesteps.flatMap((timestep) =>
    blocks.map((block) => describeTap(table, { block, timestep, pool: "map", size })),
  );
}
