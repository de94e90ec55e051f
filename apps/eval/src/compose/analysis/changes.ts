/** Ways to change an image so that it is known where every point of it went. */
import { hashId, streams, uniforms } from "@difftap/core";
import type { Point } from "@difftap/metrics";
import type { ChangeName } from "./settings.js";

export interface Change {
  /** Where in the original a point of the changed image comes from; it may lie outside. */
  source(point: Point): Point;
  /** Where a point of the original went; it may lie outside. */
  target(point: Point): Point;
}

export interface ChangeAddress {
  /** Side of the image in pixels. */
  readonly size: number;
  readonly seed: number;
  /** Of the image. */
  readonly id: string;
}

/** Finer address of the augmentation stream. */
const CHANGE = streams.augmentation | (7 << 8);

/** Side of a crop, as a share of the image's. */
const CROPPED = 0.7;
/** Largest and smallest turn, in radians: 15° to 30° either way. */
const TURN = [Math.PI / 12, Math.PI / 6] as const;
/** Shift of a warp, as a share of the image's side. */
const WARPED = 1 / 16;

/** A change, drawn for this image: the same whenever it is asked for. */
export function changeOf(name: ChangeName, { size, seed, id }: ChangeAddress): Change {
  const drawn = uniforms({ seed, stream: CHANGE, index: hashId(`${name} ${id}`) }, 2);
  return changes[name](size, drawn[0]!, drawn[1]!);
}

const changes: Readonly<Record<ChangeName, (size: number, u: number, v: number) => Change>> = {
  identity: () => ({ source: (point) => point, target: (point) => point }),
  flip: (size) => {
    const mirror = ({ x, y }: Point) => ({ x: size - x, y });
    return { source: mirror, target: mirror };
  },
  crop: (size, u, v) => {
    const [left, top] = [u, v].map((share) => share * (1 - CROPPED) * size) as [number, number];
    return {
      source: ({ x, y }) => ({ x: left + CROPPED * x, y: top + CROPPED * y }),
      target: ({ x, y }) => ({ x: (x - left) / CROPPED, y: (y - top) / CROPPED }),
    };
  },
  rotate: (size, u, v) => {
    const angle = (v < 0.5 ? -1 : 1) * (TURN[0] + u * (TURN[1] - TURN[0]));
    return { source: turned(size, angle), target: turned(size, -angle) };
  },
  warp: (size, u, v) => {
    const shift = (along: number, phase: number) =>
      WARPED * size * Math.sin(2 * Math.PI * (along / size + phase));
    // Two shears: each moves points along one axis by what they have on the other, so each can be undone exactly.
    return {
      source: ({ x, y }) => {
        const across = x + shift(y, u);
        return { x: across, y: y + shift(across, v) };
      },
      target: ({ x, y }) => {
        const down = y - shift(x, v);
        return { x: x - shift(down, u), y: down };
      },
    };
  },
};

/** Around the image's middle. */
function turned(size: number, angle: number): (point: Point) => Point {
  const [cos, sin, middle] = [Math.cos(angle), Math.sin(angle), size / 2];
  return ({ x, y }) => ({
    x: middle + cos * (x - middle) - sin * (y - middle),
    y: middle + sin * (x - middle) + cos * (y - middle),
  });
}

/** Whether a point lies on an image of this side. */
export const isOn = ({ x, y }: Point, size: number): boolean => x >= 0 && x <= size && y >= 0 && y <= size;

/**
 * The changed image: every pixel's middle is looked up in the original, bilinearly between the middles there, edges held.
 * @param planes [3·size·size]
 */
export function changeImage(planes: Uint8Array, size: number, { source }: Change): Uint8Array {
  const changed = new Uint8Array(planes.length);
  const plane = size * size;
  for (let at = 0; at < plane; at++) {
    const { x, y } = source({ x: (at % size) + 0.5, y: Math.floor(at / size) + 0.5 });
    const [column, row] = [between(x, size), between(y, size)];
    for (let channel = 0; channel < 3; channel++) {
      const value = (down: number, right: number) => planes[channel * plane + down * size + right]!;
      const upper = mixed(value(row.first, column.first), value(row.first, column.second), column.share);
      const lower = mixed(value(row.second, column.first), value(row.second, column.second), column.share);
      changed[channel * plane + at] = Math.round(mixed(upper, lower, row.share));
    }
  }
  return changed;
}

const mixed = (low: number, high: number, share: number) => low + (high - low) * share;

function between(place: number, size: number) {
  const position = Math.min(size - 1, Math.max(0, place - 0.5));
  const first = Math.floor(position);
  return { first, second: Math.min(size - 1, first + 1), share: position - first };
}
