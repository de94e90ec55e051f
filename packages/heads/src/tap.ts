/** What a head knows of a tap: where it comes from and how large its map is. */
import { type BlockInfo, findBlock, type ImageSize, sizeName } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Maps } from "./definition.js";

export interface HeadTap {
  /** As in a feature store: "t90/b09", "t90/b09@48". */
  readonly name: string;
  readonly block: number;
  readonly timestep: number | "clean";
  readonly channels: number;
  /** Of the map as it is fed, after the pooling of the extraction. */
  readonly height: number;
  readonly width: number;
  /** Of the images it is read from, where these are of another size than those of the run. */
  readonly size?: ImageSize | undefined;
  /** Of a network that is run twice, with feedback: its second pass. */
  readonly pass?: 2;
}

export interface TapPlace {
  readonly block: number;
  readonly timestep: number | "clean";
  /** Pooling at extraction: cells per side, or the whole map. */
  readonly pool: number | "map";
  /** Of the images. */
  readonly size: ImageSize;
  /** It is another size than that of the run's images: the tap is named by it, "t90/b09@48". */
  readonly other?: boolean;
}

/** What distinguishes a tap of images of another size: "@48", "@96x128"; nothing for the run's own. */
export function sizeSuffix(size: ImageSize | undefined): string {
  return size === undefined ? "" : `@${sizeName(size)}`;
}

/**
 * Sizes a tap from the block table and the image size.
 * @throws DifftapError REQUEST_INVALID for a block that does not exist.
 */
export function describeTap(
  blocks: readonly BlockInfo[],
  { block, timestep, pool, size, other = false }: TapPlace,
): HeadTap {
  const { channels, downsample } = findBlock(blocks, block);
  const side = (image: number) => {
    const map = Math.floor(image / downsample);
    return pool === "map" ? map : Math.min(pool, map);
  };
  const when = timestep === "clean" ? "clean" : `t${timestep}`;
  const name = `${when}/b${String(block).padStart(2, "0")}${sizeSuffix(other ? size : undefined)}`;
  const map = { block, timestep, channels, height: side(size.height), width: side(size.width) };
  return { name, ...map, ...(other && { size }) };
}

/** Features by tap: maps [N, C, H, W], or as a store holds them, [N, C·H·W] with channels first. */
export type Features = Readonly<Record<string, tf.Tensor>>;

/**
 * The maps a head asked for. Flat features get their shape back, which is the tap's; maps may have another height and width where the
 * head takes any.
 * @throws DifftapError REQUEST_INVALID for a tap that is not there (lists those that are) or of another shape.
 */
export function mapsOf(
  features: Features,
  taps: readonly HeadTap[],
  sizes: "as built" | "any" = "as built",
): Maps {
  return new Map(taps.map((tap) => [tap.name, mapOf(features, tap, sizes)]));
}

function mapOf(features: Features, tap: HeadTap, sizes: "as built" | "any"): tf.Tensor4D {
  const { name, channels, height, width } = tap;
  const found = features[name];
  if (!found) {
    throw new DifftapError("REQUEST_INVALID", `the head reads tap ${name}, which the features do not hold`, {
      hint: `they hold ${Object.keys(features).join(", ") || "nothing"}`,
      details: { name, present: Object.keys(features) },
    });
  }
  const [batch = 0, ...rest] = found.shape;
  if (sizes === "any" && rest.length === 3 && rest[0] === channels) return found as tf.Tensor4D;
  const wanted = rest.length === 1 ? [channels * height * width] : [channels, height, width];
  if (rest.length !== wanted.length || rest.some((side, i) => side !== wanted[i])) {
    throw new DifftapError(
      "REQUEST_INVALID",
      `tap ${name} has shape [${found.shape.join(", ")}], the head was built for [N, ${channels}, ${height}, ${width}]`,
      { hint: "read the store the head was built for, or build a head for this one" },
    );
  }
  return tf.reshape(found, [batch, channels, height, width]);
}
