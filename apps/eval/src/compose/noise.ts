/** The noise of a batch of images, each by its own address. */
import { elementCount, type NdArray, ndarray } from "@difftap/core";
import { sampleNoise } from "@difftap/taps";

export interface NoiseChoice {
  readonly timestep: number;
  readonly seed: number;
}

/**
 * Standard normal noise for images [N, 3, H, W]: row i is that of the image `ids[i]`, the same in any batch; rows without an id are 0.
 */
export function noiseOf(
  shape: readonly number[],
  ids: readonly string[],
  { timestep, seed }: NoiseChoice,
): NdArray<"float32"> {
  const noise = ndarray("float32", shape);
  const length = elementCount(shape.slice(1));
  ids.forEach((id, row) => {
    sampleNoise({ seed, id, timestep, draw: 0 }, noise.data.subarray(row * length, (row + 1) * length));
  });
  return noise;
}
