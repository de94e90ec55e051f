/** Drawings of rectangles and discs with their label maps, and fixed features of them at three sizes. */
import type { HeadTap } from "@difftap/heads";
import { tapOf, waves } from "./examples.js";

export const side = 32;
export const images = 8;
/** Ground, rectangles, discs. */
export const classes = 3;
export const ignore = 255;

export const taps: readonly HeadTap[] = [
  tapOf(9, { channels: 8, height: side, width: side }),
  tapOf(7, { channels: 12, height: side / 2, width: side / 2 }),
  tapOf(5, { channels: 16, height: side / 4, width: side / 4 }),
];

/** Two things per image, each of a colour of its own; the later one lies above. */
export function labelMaps(): Uint8Array[] {
  return Array.from({ length: images }, (_, image) => {
    const map = new Uint8Array(side * side);
    const draw = Array.from(waves(8, image + 2), (value) => (value + 1) / 2);
    const place = (share: number) => 6 + share * (side - 12);
    const disc = { y: place(draw[0]!), x: place(draw[1]!), radius: 4 + 4 * draw[2]! };
    const box = { y: place(draw[3]!), x: place(draw[4]!), height: 3 + 5 * draw[5]!, width: 3 + 5 * draw[6]! };
    for (let i = 0; i < map.length; i++) {
      const [y, x] = [Math.floor(i / side), i % side];
      if (Math.abs(y - box.y) < box.height && Math.abs(x - box.x) < box.width) map[i] = 1;
      if (Math.hypot(y - disc.y, x - disc.x) < disc.radius) map[i] = 2;
      if (y === 0) map[i] = ignore;
    }
    return map;
  });
}

/** Grey values [image][pixel]: things are lighter or darker than the ground, by an amount of their own, with a texture over all. */
function drawings(maps: readonly Uint8Array[]): Float64Array[] {
  return maps.map((map, image) => {
    const [light, dark] = waves(2, image + 40);
    const texture = waves(map.length, image + 9);
    return Float64Array.from(map, (label, i) => {
      const tone = label === 1 ? 1 + 0.5 * light! : label === 2 ? -1 - 0.5 * dark! : 0;
      return tone + 0.2 * texture[i]!;
    });
  });
}

/** For each tap [images, channels, height, width]: random 5×5 filters, averaged down to the tap's size. */
export function featuresOf(maps: readonly Uint8Array[]): Map<string, Float32Array> {
  const pictures = drawings(maps);
  const features = taps.map(({ name, channels, height }, index) => {
    const filters = waves(channels * 25, index + 3);
    const values = pictures.flatMap((picture) =>
      Array.from({ length: channels }, (_, channel) =>
        averaged(filtered(picture, filters.subarray(channel * 25, (channel + 1) * 25)), side / height),
      ),
    );
    return [name, Float32Array.from(values.flatMap((each) => Array.from(each)))] as const;
  });
  return new Map(features);
}

function filtered(picture: Float64Array, filter: Float64Array): Float64Array {
  return picture.map((_, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    return filter.reduce((sum, weight, place) => {
      const [v, u] = [y + Math.floor(place / 5) - 2, x + (place % 5) - 2];
      return v < 0 || u < 0 || v >= side || u >= side ? sum : sum + weight * picture[v * side + u]!;
    }, 0);
  });
}

function averaged(plane: Float64Array, block: number): Float64Array {
  const cells = side / block;
  const means = new Float64Array(cells * cells);
  plane.forEach((value, i) => {
    const [y, x] = [Math.floor(i / side / block), Math.floor((i % side) / block)];
    means[y * cells + x]! += value / block ** 2;
  });
  return means;
}

/** Mean over classes of intersection over union, where labels count. */
export function meanIntersectionOverUnion(
  found: readonly ArrayLike<number>[],
  maps: readonly Uint8Array[],
): number {
  const shares = Array.from({ length: classes }, (_, label) => {
    let [both, either] = [0, 0];
    maps.forEach((map, image) => {
      map.forEach((shown, i) => {
        if (shown === ignore) return;
        const said = found[image]![i] === label;
        if (said && shown === label) both += 1;
        if (said || shown === label) either += 1;
      });
    });
    return both / either;
  });
  return shares.reduce((sum, share) => sum + share, 0) / classes;
}
