/** The arrays that answer a request: their names and the shape of one image's row. */
import { type BlockInfo, blockTable, findBlock, type ImageSize } from "@difftap/backbone";
import { elementCount } from "@difftap/core";
import { type FeatureRequest, imageSizeOf, type Tap, type Timestep } from "./request.js";
import { sizeSuffix } from "./sizes.js";

export interface RequestedArray {
  readonly name: string;
  readonly timestep: Timestep;
  readonly tap: Tap;
  /** [C·p·p], or [C, h, w] for a map. */
  readonly sampleShape: readonly number[];
}

/**
 * Name of the array of a tap at a timestep: `t50/b09`, `clean/b09`. Where `taps` asks for one block with several pools, the pool
 * is part of the name: `t50/b09-p2`, `t50/b09-map`. So is the size of images where it is not the request's own: `t50/b09@48`.
 */
export function arrayName(timestep: Timestep, tap: Tap, taps: readonly Tap[] = [tap]): string {
  const folder = timestep === "clean" ? "clean" : `t${timestep}`;
  const block = `b${String(tap.block).padStart(2, "0")}`;
  const size = sizeSuffix(tap.size);
  const alike = taps.filter((other) => other.block === tap.block && sizeSuffix(other.size) === size);
  const pool = alike.length > 1 ? `-${tap.pool === "map" ? "map" : `p${tap.pool}`}` : "";
  return `${folder}/${block}${pool}${size}`;
}

/** Shape of one image's features at a tap; `size` is the image's, in pixels. More cells than the map has keep the map's size. */
export function sampleShape(
  { channels, downsample }: BlockInfo,
  pool: Tap["pool"],
  size: ImageSize,
): number[] {
  const [height, width] = [size.height / downsample, size.width / downsample];
  if (pool === "map") return [channels, height, width];
  return [channels * Math.min(pool, height) * Math.min(pool, width)];
}

/**
 * Every array of a request, timestep by timestep, taps in the order asked for.
 * @throws DifftapError REQUEST_INVALID for a block that the network does not have.
 */
export function requestedArrays(request: FeatureRequest): RequestedArray[] {
  const { architecture, taps, timesteps } = request;
  const blocks = blockTable(architecture);
  const shapes = taps.map(({ block, pool, size = request.size }) =>
    sampleShape(findBlock(blocks, block), pool, imageSizeOf({ size })),
  );
  return timesteps.flatMap((timestep) =>
    taps.map((tap, index) => ({
      name: arrayName(timestep, tap, taps),
      timestep,
      tap,
      sampleShape: shapes[index]!,
    })),
  );
}

/** Elements of one image's features over all arrays. */
export const elementsPerImage = (request: FeatureRequest): number =>
  requestedArrays(request).reduce((sum, { sampleShape }) => sum + elementCount(sampleShape), 0);
