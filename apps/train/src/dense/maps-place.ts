/** Where a run keeps its maps on disk, and what they are of: everything that decides them, so that a store of others is refused. */
import { join } from "node:path";
import { sha256Hex, stableStringify } from "@difftap/core";
import type { Selection } from "@difftap/eval";
import type { DenseBackbone } from "./backbone.js";
import type { DenseNetwork } from "./open-backbone.js";
import { type DenseSettings, viewsChange } from "./settings.js";
import { noiseSeed } from "./source.js";
import type { MapsPlace } from "./stored-maps.js";

export interface MapsRequest {
  readonly images: Selection;
  readonly network: DenseNetwork;
  readonly backbone: DenseBackbone;
  readonly settings: DenseSettings;
  readonly seed: number;
}

/**
 * A seed has a store of its own, `seed-0`, as it has noise and views of its own. Where nothing is drawn (clean images, stretched, one view),
 * all seeds share `every-seed`. Further views are `seed-0-view-1` and so on. Runs that name the same folder share what is the same.
 */
export function mapsPlace(asked: MapsRequest, epoch = 0): MapsPlace {
  const { settings, seed } = asked;
  const drawn = drawnBy(asked, epoch);
  const request = { ...decidedBy(asked), ...drawn };
  const folder = settings.keepMaps === "disk" ? join(settings.out, "maps") : settings.keepMaps!;
  return {
    path: join(folder, (Object.keys(drawn).length > 0 ? `seed-${seed}` : "every-seed") + viewSuffix(epoch)),
    request,
    requestHash: sha256Hex(stableStringify(request)),
  };
}

function decidedBy({ images: { dataset, indices }, network, backbone, settings }: MapsRequest) {
  const { canvas, fit } = settings;
  return {
    images: { digest: dataset.digest, indices: sha256Hex(indices.join()) },
    canvas,
    fit,
    architecture: network.runtime.architecture,
    backbone: backbone.description,
  };
}

const viewSuffix = (epoch: number) => (epoch === 0 ? "" : `-view-${epoch}`);

/** Seeds of what chance decides, and what it decides among. */
function drawnBy({ backbone, settings, seed }: MapsRequest, epoch: number) {
  const { fit, scale, flip, colours } = settings;
  const noisy = backbone.inputs?.some(({ timestep }) => timestep !== "clean");
  const changing = viewsChange(settings);
  return {
    ...((fit === "letterbox" || changing) && { places: seed }),
    ...(changing && { scale, flip, colours }),
    ...(epoch > 0 && { view: epoch }),
    ...(noisy && { noise: noiseSeed(seed, epoch) }),
  };
}
