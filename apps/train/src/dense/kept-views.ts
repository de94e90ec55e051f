/** Maps that are computed once, of one view of each image or of several, which the epochs take in turn. */
import type { LongWork } from "@difftap/core";
import type { ViewBatch } from "@difftap/datasets";
import type { FeatureSource } from "@difftap/trainer";
import { keptSource } from "../kept-features.js";
import { type MapsRequest, mapsPlace } from "./maps-place.js";
import { type DenseViews, denseSource } from "./source.js";
import { keptOnDisk } from "./stored-maps.js";

/** The views are those of the first epochs; what is asked for says where maps on disk lie. @throws DifftapError as `keptOnDisk`. */
export async function keptViews<Batch extends ViewBatch>(
  views: DenseViews<Batch>,
  asked: MapsRequest,
  work: LongWork,
): Promise<FeatureSource> {
  const { keepMaps, keptViews: count, batch } = asked.settings;
  const kept: FeatureSource[] = [];
  for (let epoch = 0; epoch < count; epoch += 1) {
    kept.push(
      keepMaps === "memory"
        ? await keptSource(denseSource(views), batch, work, epoch)
        : await keptOnDisk(views, mapsPlace(asked, epoch), work, epoch),
    );
  }
  return inTurn(kept);
}

/** Epoch e reads source e mod n. They have the same samples, and are read fast in the same orders. */
export function inTurn(sources: readonly FeatureSource[]): FeatureSource {
  return {
    ...sources[0]!,
    batches: (indices, options) => sources[options.epoch % sources.length]!.batches(indices, options),
  };
}
