/** A frozen backbone: the fast runtime gives the maps, and nothing of it is trained. */
import type { BackboneRuntime } from "@difftap/backbone";
import { openMapReader } from "@difftap/eval";
import type { HeadTap } from "@difftap/heads";
import type { DenseBackbone } from "./backbone.js";

export interface FrozenOptions {
  readonly runtime: BackboneRuntime;
  readonly taps: readonly HeadTap[];
  readonly size: { readonly height: number; readonly width: number };
  /** Whether its weights were trained. */
  readonly kind?: "frozen" | "random";
}

/** @throws DifftapError REQUEST_INVALID for a size that the network does not take. */
export async function frozenBackbone(options: FrozenOptions): Promise<DenseBackbone> {
  const { runtime, taps, size, kind = "frozen" } = options;
  const reader = await openMapReader({ runtime, taps, size });
  const names = taps.map(({ name }) => name);
  return {
    taps,
    variables: new Map(),
    buffers: new Map(),
    description: { kind, weights: runtime.weightsDigest },
    read: reader.read,
    maps: (features) => Object.fromEntries(names.map((name) => [name, features[name]!])),
    close: reader.close,
  };
}
