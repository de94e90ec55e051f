/** What a scene shows, as detection and segmentation are trained on: boxes, instance masks, label map. */
import type { Canvas } from "./canvas.js";
import type { ObjectLayout } from "./layout.js";
import { textures } from "./textures.js";

export interface SceneObject {
  readonly label: number;
  readonly fineLabel: number;
  /** Left, top, width, height in pixels, around the visible part. */
  readonly box: readonly [left: number, top: number, width: number, height: number];
  /** size × size, 1 where the object covers at least half of the pixel. */
  readonly mask: Uint8Array;
}

/** An object of which fewer pixels are visible is not annotated. */
const MIN_VISIBLE_PIXELS = 4;

/** @returns visible objects, back to front, and the map of 1 + shape (0: background) */
export function annotate(
  canvas: Canvas,
  size: number,
  layouts: readonly ObjectLayout[],
): { objects: SceneObject[]; labelMap: Uint8Array } {
  const owners = pixelOwners(canvas, size, layouts.length);
  const labelMap = new Uint8Array(size * size);
  const objects: SceneObject[] = [];
  for (const [place, { shape, texture }] of layouts.entries()) {
    const mask = owners.map((owner) => (owner === place + 1 ? 1 : 0));
    const visible = mask.reduce((sum, covered) => sum + covered, 0);
    if (visible < MIN_VISIBLE_PIXELS) continue;
    for (let i = 0; i < mask.length; i++) if (mask[i] === 1) labelMap[i] = shape + 1;
    objects.push({
      label: shape,
      fineLabel: shape * textures.length + texture,
      box: boxOf(mask, size),
      mask,
    });
  }
  return { objects, labelMap };
}

/** Per pixel the object with at least half of its points, or 0. */
function pixelOwners({ owners, side, samples }: Canvas, size: number, objects: number): Uint8Array {
  const out = new Uint8Array(size * size);
  const counts = new Uint8Array(objects + 1);
  const half = (samples * samples) / 2;
  for (let pixel = 0; pixel < out.length; pixel++) {
    const corner = (Math.floor(pixel / size) * side + (pixel % size)) * samples;
    counts.fill(0);
    for (let row = 0; row < samples; row++) {
      for (let column = 0; column < samples; column++) counts[owners[corner + row * side + column]!]!++;
    }
    out[pixel] = Math.max(
      0,
      counts.findIndex((count, owner) => owner > 0 && count >= half),
    );
  }
  return out;
}

function boxOf(mask: Uint8Array, size: number): [number, number, number, number] {
  let [left, top, right, bottom] = [size, size, -1, -1];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const x = i % size;
    const y = Math.floor(i / size);
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right - left + 1, bottom - top + 1];
}
