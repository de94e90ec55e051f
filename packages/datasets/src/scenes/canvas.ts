/** A supersampled canvas: every pixel is `samples`² points, so edges come out smooth at any size. */

export interface Canvas {
  /** Side in sample points. */
  readonly side: number;
  /** Points per pixel and axis. */
  readonly samples: number;
  /** Red, green, blue per point. */
  readonly colours: Float32Array;
  /** Which object a point shows: 1 …, or 0. */
  readonly owners: Uint8Array;
}

/** Pixels beyond which two points per axis are enough for smooth edges. */
const FINE_UP_TO = 96;

export function createCanvas(size: number): Canvas {
  const samples = size <= FINE_UP_TO ? 3 : 2;
  const side = size * samples;
  return { side, samples, colours: new Float32Array(side * side * 3), owners: new Uint8Array(side * side) };
}

/** A placed, rotated frame: what is painted lies within `reach` of its centre. Lengths are shares of the image's side. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly rotation: number;
  readonly reach: number;
}

/**
 * Paints one point of the frame (rotated back, in shares of the side): writes the colour and returns true, or returns
 * false where nothing is painted. It is called for every point, so it must not allocate.
 */
export type Paint = (across: number, down: number, colour: Float32Array) => boolean;

/** Paints over what is there. */
export function paint(canvas: Canvas, frame: Frame, owner: number, paintPoint: Paint): void {
  const { side, colours, owners } = canvas;
  const cos = Math.cos(frame.rotation);
  const sin = Math.sin(frame.rotation);
  const [left, right] = extent(frame.x, frame.reach, side);
  const [top, bottom] = extent(frame.y, frame.reach, side);
  const colour = new Float32Array(3);
  for (let row = top; row < bottom; row++) {
    const y = (row + 0.5) / side - frame.y;
    for (let column = left; column < right; column++) {
      const x = (column + 0.5) / side - frame.x;
      if (!paintPoint(x * cos + y * sin, y * cos - x * sin, colour)) continue;
      const point = row * side + column;
      colours[point * 3] = colour[0]!;
      colours[point * 3 + 1] = colour[1]!;
      colours[point * 3 + 2] = colour[2]!;
      owners[point] = owner;
    }
  }
}

function extent(centre: number, reach: number, side: number): [number, number] {
  return [
    Math.max(0, Math.floor((centre - reach) * side)),
    Math.min(side, Math.ceil((centre + reach) * side)),
  ];
}
