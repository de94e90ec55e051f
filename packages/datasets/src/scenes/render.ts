/**
 * Synthetic scenes: one main object of ten shape classes, others smaller, on textured ground with clutter behind and in front.
 *
 * ```ts
 * import { renderScene } from "@difftap/datasets";
 *
 * const scene = renderScene({ seed: 1, index: 0, size: 64 });
 * console.log(scene.label, scene.fineLabel, scene.objects.map(({ box }) => box));
 * ```
 */
import { DifftapError, fillNormals, permutation } from "@difftap/core";
import { annotate, type SceneObject } from "./annotate.js";
import { type Canvas, createCanvas, paint } from "./canvas.js";
import { type Colour, mix } from "./colours.js";
import { sceneDraws, sceneParts, sceneStream } from "./draws.js";
import {
  type Backdrop,
  type Clutter,
  drawLayout,
  type Lighting,
  noiseSide,
  type ObjectLayout,
} from "./layout.js";
import { shapes } from "./shapes.js";
import { textures } from "./textures.js";

export interface SceneAddress {
  readonly seed: number;
  readonly index: number;
  /** Side in pixels. The same scene at another size has the same content. */
  readonly size: number;
}

export interface Scene {
  readonly size: number;
  /** RGB, rows then columns: `size * size * 3` bytes. */
  readonly pixels: Uint8Array;
  /** Shape of the main object. */
  readonly label: number;
  /** Shape and texture of the main object: shape · 5 + texture. */
  readonly fineLabel: number;
  /** Visible objects, back to front; the main object is the last. */
  readonly objects: readonly SceneObject[];
  /** Per pixel 0 for background, else 1 + the shape of the object shown. */
  readonly labelMap: Uint8Array;
}

/** Names of the shapes, by label. */
export const sceneClasses: readonly string[] = shapes.map(({ name }) => name);

/** Names such as "striped star", by fine label. */
export const sceneFineClasses: readonly string[] = shapes.flatMap((shape) =>
  textures.map((texture) => `${texture.name} ${shape.name}`),
);

/** Smallest and largest side that is drawn. */
export const sceneSizes = { min: 8, max: 2048 } as const;

/** The main object's fine class: every run of 50 scenes holds each once, in an order of its own. */
export function sceneFineLabel(seed: number, index: number): number {
  const run = Math.floor(index / sceneFineClasses.length);
  const order = permutation(
    { seed, stream: sceneStream(sceneParts.classes), index: run },
    sceneFineClasses.length,
  );
  return order[index % sceneFineClasses.length]!;
}

/**
 * Draws a scene. The result depends on seed, index and size alone.
 * @throws DifftapError USAGE_INVALID for a size outside 8 … 2048 or a seed or index that is no whole number
 */
export function renderScene({ seed, index, size }: SceneAddress): Scene {
  if (!Number.isInteger(size) || size < sceneSizes.min || size > sceneSizes.max) {
    throw new DifftapError(
      "USAGE_INVALID",
      `a scene of ${size} pixels; sizes are ${sceneSizes.min} to ${sceneSizes.max}`,
    );
  }
  const fineLabel = sceneFineLabel(seed, index);
  const label = Math.floor(fineLabel / textures.length);
  const layout = drawLayout(sceneDraws(seed, index), label, fineLabel % textures.length);
  const canvas = createCanvas(size);
  paintBackdrop(canvas, layout.backdrop);
  for (const clutter of layout.behind) paintClutter(canvas, clutter);
  for (const [place, object] of layout.objects.entries()) paintObject(canvas, object, place + 1);
  for (const clutter of layout.before) paintClutter(canvas, clutter);
  const noise = new Float32Array(size * size * 3);
  fillNormals({ seed, stream: sceneStream(sceneParts.sensor), index }, noise);
  const pixels = develop(canvas, size, layout.lighting, noise);
  return { size, pixels, label, fineLabel, ...annotate(canvas, size, layout.objects) };
}

function paintBackdrop(canvas: Canvas, backdrop: Backdrop): void {
  const { colours, pattern, frequency, rotation, phase } = backdrop;
  const wave = (at: number): number => 0.5 + 0.5 * Math.sin(2 * Math.PI * (at * frequency + phase));
  const share = (across: number, down: number): number => {
    if (pattern === 0) return noiseAt(backdrop.noise, across, down);
    if (pattern === 1) return wave(across);
    if (pattern === 2) return Math.round(wave(across)) === Math.round(wave(down)) ? 0.2 : 0.8;
    return 0.6 * noiseAt(backdrop.noise, across, down) + 0.4 * wave(across);
  };
  paint(canvas, { x: 0.5, y: 0.5, rotation, reach: 1 }, 0, (across, down) =>
    mix(colours[0], colours[1], share(across, down)),
  );
}

/** Bilinear between lattice heights; the lattice spans the square of twice the image's diagonal half. */
function noiseAt(lattice: Float64Array, across: number, down: number): number {
  const x = ((across + 0.75) / 1.5) * (noiseSide - 1);
  const y = ((down + 0.75) / 1.5) * (noiseSide - 1);
  const column = Math.floor(x);
  const row = Math.floor(y);
  const at = (r: number, c: number): number => lattice[r * noiseSide + c]!;
  const upper = at(row, column) + (at(row, column + 1) - at(row, column)) * (x - column);
  const lower = at(row + 1, column) + (at(row + 1, column + 1) - at(row + 1, column)) * (x - column);
  return upper + (lower - upper) * (y - row);
}

function paintClutter(canvas: Canvas, { x, y, length, width, rotation, colour }: Clutter): void {
  paint(canvas, { x, y, rotation, reach: length }, 0, (across, down) =>
    (across / length) ** 2 + (down / width) ** 2 < 1 ? colour : null,
  );
}

function paintObject(canvas: Canvas, object: ObjectLayout, owner: number): void {
  const shape = shapes[object.shape]!;
  const texture = textures[object.texture]!;
  const width = object.radius * Math.sqrt(object.aspect);
  const height = object.radius / Math.sqrt(object.aspect);
  const grain = [Math.cos(object.grain), Math.sin(object.grain)] as const;
  const lit = [Math.cos(object.reliefAngle), Math.sin(object.reliefAngle)] as const;
  const frame = {
    x: object.x,
    y: object.y,
    rotation: object.rotation,
    reach: Math.max(width, height) * 1.45,
  };
  paint(canvas, frame, owner, (across, down) => {
    const u = across / width;
    const v = down / height;
    if (!shape.contains(u, v)) return null;
    const blend = texture.blend(u * grain[0] + v * grain[1], v * grain[0] - u * grain[1], object.frequency);
    const colour = blend === 0 ? object.colours[0] : object.colours[1];
    return scaled(colour, 1 + object.relief * (u * lit[0] + v * lit[1]));
  });
}

function scaled([red, green, blue]: Colour, by: number): Colour {
  return [red * by, green * by, blue * by];
}

/** Means over each pixel's points, under the light, with the sensor's noise. */
function develop(canvas: Canvas, size: number, light: Lighting, noise: Float32Array): Uint8Array {
  const { samples, side, colours } = canvas;
  const pixels = new Uint8ClampedArray(size * size * 3);
  const slopeX = light.slope * Math.cos(light.angle);
  const slopeY = light.slope * Math.sin(light.angle);
  for (let i = 0; i < pixels.length; i++) {
    const channel = i % 3;
    const x = ((i - channel) / 3) % size;
    const y = Math.floor(i / (3 * size));
    let sum = 0;
    for (let row = y * samples; row < (y + 1) * samples; row++) {
      for (let column = x * samples; column < (x + 1) * samples; column++)
        sum += colours[(row * side + column) * 3 + channel]!;
    }
    const brightness = light.gain * (1 + slopeX * (x / size - 0.5) + slopeY * (y / size - 0.5));
    pixels[i] = (255 * brightness * sum) / (samples * samples) + light.grain * noise[i]!;
  }
  return new Uint8Array(pixels.buffer);
}
