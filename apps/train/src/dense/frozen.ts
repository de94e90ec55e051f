/** A frozen backbone: the fast runtime gives the maps, and nothing of it is trained. */
import type { BackboneRuntime, ImageSize } from "@difftap/backbone";
import { openMapReader } from "@difftap/eval";
import type { HeadTap } from "@difftap/heads";
import type { DenseBackbone } from "./backbone.js";

export interface FrozenOptions {
  readonly runtime: BackboneRuntime;
  readonly taps: readonly HeadTap[];
  /** Whether its weights were trained. */
  readonly kind?: "frozen" | "random";
  /** That the sizes which taps name belong to. */
  readonly canvas?: ImageSize;
}

export function frozenBackbone(options: FrozenOptions): DenseBackbone {
  const { runtime, taps, kind = "frozen", canvas } = options;
  const reader = openMapReader({ runtime, taps, canvas });
  const names = taps.map(({ name }) => name);
  return {
    taps,
    inputs: taps,
    variables: new Map(),
    buffers: new Map(),
    description: { kind, weights: runtime.weightsDigest },
    read: reader.read,
    maps: (features) => Object.fromEntries(names.map((name) => [name, features[name]!])),
    close: reader.close,
  };
}
