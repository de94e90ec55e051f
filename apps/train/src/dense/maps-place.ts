/** Where a run keeps its maps on disk, and what they are of: everything that decides them, so that a store of others is refused. */
import { join } from "node:path";
import { sha256Hex, stableStringify } from "@difftap/core";
import type { Selection } from "@difftap/eval";
import type { DenseBackbone } from "./backbone.js";
import type { DenseNetwork } from "./open-backbone.js";
import type { DenseSettings } from "./settings.js";
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
 * A seed has a store of its own, `seed-0`, as it has noise and places on the canvas of its own. Where neither is drawn (clean images,
 * stretched), all seeds share `every-seed`. Runs that name the same folder share what is the same.
 */
export function mapsPlace(asked: MapsRequest): MapsPlace {
  const { settings, seed } = asked;
  const drawn = drawnBy(asked);
  const request = { ...decidedBy(asked), ...drawn };
  const folder = settings.keepMaps === "disk" ? join(settings.out, "maps") : settings.keepMaps!;
  return {
    path: join(folder, Object.keys(drawn).length > 0 ? `seed-${seed}` : "every-seed"),
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

/** Seeds of what chance decides. */
function drawnBy({ backbone, settings, seed }: MapsRequest): Readonly<Record<string, number>> {
  const noisy = backbone.inputs?.some(({ timestep }) => timestep !== "clean");
  return {
    ...(settings.fit === "letterbox" && { places: seed }),
    ...(noisy && { noise: noiseSeed(seed, 0) }),
  };
}
