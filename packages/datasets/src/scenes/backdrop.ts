/** The textured ground of a scene: two colours mixed by noise, waves or both. */
import type { Canvas } from "./canvas.js";
import { type Colour, mix } from "./colours.js";
import { type Backdrop, noiseSide } from "./layout.js";

/** How steep the edges of checks are. */
const CHECK_CONTRAST = 3;

/** Fills the canvas. The patterns are smooth, so one value per pixel serves all of its points. */
export function paintBackdrop(canvas: Canvas, backdrop: Backdrop): void {
  const { side, samples } = canvas;
  const cos = Math.cos(backdrop.rotation);
  const sin = Math.sin(backdrop.rotation);
  const share = patterns[backdrop.pattern]!;
  for (let top = 0; top < side; top += samples) {
    const y = (top + samples / 2) / side - 0.5;
    for (let left = 0; left < side; left += samples) {
      const x = (left + samples / 2) / side - 0.5;
      const second = share(backdrop, x * cos + y * sin, y * cos - x * sin);
      fillPixel(canvas, top * side + left, mix(backdrop.colours[0], backdrop.colours[1], second));
    }
  }
}

function fillPixel({ side, samples, colours }: Canvas, corner: number, [red, green, blue]: Colour): void {
  for (let row = 0; row < samples; row++) {
    const start = (corner + row * side) * 3;
    for (let write = start; write < start + samples * 3; write += 3) {
      colours[write] = red;
      colours[write + 1] = green;
      colours[write + 2] = blue;
    }
  }
}

/** Share of the second colour at a point of the rotated ground, the image's middle being the origin. */
type Pattern = (backdrop: Backdrop, across: number, down: number) => number;

const patterns: readonly Pattern[] = [
  ({ noise }, across, down) => noiseAt(noise, across, down),
  (backdrop, across) => 0.5 + 0.5 * wave(backdrop, across),
  (backdrop, across, down) => clamp(0.5 + CHECK_CONTRAST * wave(backdrop, across) * wave(backdrop, down)),
  (backdrop, across, down) =>
    0.6 * noiseAt(backdrop.noise, across, down) + 0.2 + 0.2 * wave(backdrop, across),
];

function wave({ frequency, phase }: Backdrop, at: number): number {
  return Math.sin(2 * Math.PI * (at * frequency + phase));
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** Bilinear between lattice heights; the lattice spans 1.5 sides, enough for the corners of a rotated image. */
function noiseAt(lattice: Float64Array, across: number, down: number): number {
  const x = ((across + 0.75) / 1.5) * (noiseSide - 1);
  const y = ((down + 0.75) / 1.5) * (noiseSide - 1);
  const column = Math.floor(x);
  const row = Math.floor(y);
  const corner = row * noiseSide + column;
  const upper = lattice[corner]! + (lattice[corner + 1]! - lattice[corner]!) * (x - column);
  const lower =
    lattice[corner + noiseSide]! +
    (lattice[corner + noiseSide + 1]! - lattice[corner + noiseSide]!) * (x - column);
  return upper + (lower - upper) * (y - row);
}
