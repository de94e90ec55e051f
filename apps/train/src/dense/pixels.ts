/** The image itself in the backbone's place. */
import { openPixelReader, pixelTaps } from "@difftap/eval";
import type { HeadTap } from "@difftap/heads";
import type { DenseBackbone } from "./backbone.js";

export interface PixelOptions {
  /** Taps whose sizes the pyramid takes. */
  readonly taps: readonly HeadTap[];
  readonly size: { readonly height: number; readonly width: number };
}

/** One map for each size of map among the taps. */
export function pixelBackbone({ taps, size }: PixelOptions): DenseBackbone {
  const strides = [...new Set(taps.map(({ height }) => size.height / height))].sort((a, b) => a - b);
  const maps = pixelTaps(strides, size);
  const reader = openPixelReader(strides);
  return {
    taps: maps,
    inputs: maps,
    variables: new Map(),
    buffers: new Map(),
    description: { kind: "pixels", strides },
    read: reader.read,
    maps: (features) => Object.fromEntries(maps.map(({ name }) => [name, features[name]!])),
    close: reader.close,
  };
}
