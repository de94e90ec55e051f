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
import { paintBackdrop } from "./backdrop.js";
import { type Canvas, createCanvas } from "./canvas.js";
import { sceneDraws, sceneParts, sceneStream } from "./draws.js";
import { drawLayout, type Lighting } from "./layout.js";
import { paintClutter, paintObject } from "./paint.js";
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

/** Means over each pixel's points, under the light, with the sensor's noise. */
function develop(canvas: Canvas, size: number, light: Lighting, noise: Float32Array): Uint8Array {
  const { samples, side, colours } = canvas;
  const pixels = new Uint8ClampedArray(size * size * 3);
  const slopeX = (light.slope * Math.cos(light.angle)) / size;
  const slopeY = (light.slope * Math.sin(light.angle)) / size;
  const scale = (255 * light.gain) / (samples * samples);
  for (let y = 0, write = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const brightness = scale * (1 + slopeX * (x - size / 2) + slopeY * (y - size / 2));
      const corner = (y * samples * side + x * samples) * 3;
      for (let channel = 0; channel < 3; channel++, write++) {
        const sum = blockSum(colours, corner + channel, samples, side * 3);
        pixels[write] = brightness * sum + light.grain * noise[write]!;
      }
    }
  }
  return new Uint8Array(pixels.buffer);
}

/** Sum of one channel over `samples`² points. */
function blockSum(colours: Float32Array, corner: number, samples: number, stride: number): number {
  let sum = 0;
  for (let row = 0; row < samples; row++) {
    for (let column = 0; column < samples; column++) sum += colours[corner + row * stride + column * 3]!;
  }
  return sum;
}
