/** Objects and clutter, painted onto the canvas. */
import { type Canvas, paint } from "./canvas.js";
import type { Clutter, ObjectLayout } from "./layout.js";
import { shapes } from "./shapes.js";
import { textures } from "./textures.js";

/** Farthest point of any shape from its centre: the corners of the hourglass. */
const SHAPE_REACH = 1.17;

/** @param owner the object's number, from 1 */
export function paintObject(canvas: Canvas, object: ObjectLayout, owner: number): void {
  const shape = shapes[object.shape]!;
  const texture = textures[object.texture]!;
  const width = object.radius * Math.sqrt(object.aspect);
  const height = object.radius / Math.sqrt(object.aspect);
  const grainCos = Math.cos(object.grain);
  const grainSin = Math.sin(object.grain);
  const litU = object.relief * Math.cos(object.reliefAngle);
  const litV = object.relief * Math.sin(object.reliefAngle);
  const [first, second] = object.colours;
  const reach = Math.max(width, height) * SHAPE_REACH;
  paint(
    canvas,
    { x: object.x, y: object.y, rotation: object.rotation, reach },
    owner,
    (across, down, colour) => {
      const u = across / width;
      const v = down / height;
      if (!shape.contains(u, v)) return false;
      const blend = texture.blend(u * grainCos + v * grainSin, v * grainCos - u * grainSin, object.frequency);
      const base = blend === 0 ? first : second;
      const light = 1 + u * litU + v * litV;
      colour[0] = base[0] * light;
      colour[1] = base[1] * light;
      colour[2] = base[2] * light;
      return true;
    },
  );
}

/** An ellipse that belongs to no object and hides what is under it. */
export function paintClutter(canvas: Canvas, { x, y, length, width, rotation, colour }: Clutter): void {
  paint(canvas, { x, y, rotation, reach: length }, 0, (across, down, out) => {
    if ((across / length) ** 2 + (down / width) ** 2 >= 1) return false;
    out.set(colour);
    return true;
  });
}
