/** Label maps and masks seen through a view: each pixel takes the value of the nearest, so that no label is made up. */
import { decodeMask, encodeMask, type RunLengthMask } from "@difftap/core";
import type { ImageSize, LabelMap } from "../annotations.js";
import type { View } from "./view.js";

/** @param outside value of canvas pixels that show nothing of the source */
export function labelMapToCanvas({ data }: LabelMap, view: View, outside: number): LabelMap {
  return { ...view.canvas, data: picked(data, view.source.width, toCanvas(view), outside) };
}

/** @param outside value of source pixels that the canvas does not show */
export function labelMapToSource({ data }: LabelMap, view: View, outside: number): LabelMap {
  return { ...view.source, data: picked(data, view.canvas.width, toSource(view), outside) };
}

export function maskToCanvas(mask: RunLengthMask, view: View): RunLengthMask {
  return encodeMask(picked(decodeMask(mask), view.source.width, toCanvas(view), 0), sizeOf(view.canvas));
}

export function maskToSource(mask: RunLengthMask, view: View): RunLengthMask {
  return encodeMask(picked(decodeMask(mask), view.canvas.width, toSource(view), 0), sizeOf(view.source));
}

/** Where each row and column comes from; −1 for nowhere. */
interface Places {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

function toCanvas({ source, resized, left, top, canvas, mirrored }: View): Places {
  const rows = places(
    canvas.height,
    source.height,
    (centre) => ((centre - top) * source.height) / resized.height,
  );
  const columns = places(
    canvas.width,
    source.width,
    (centre) => ((centre - left) * source.width) / resized.width,
  );
  return { rows, columns: mirrored ? columns.reverse() : columns };
}

function toSource({ source, resized, left, top, canvas, mirrored }: View): Places {
  const rows = places(
    source.height,
    canvas.height,
    (centre) => top + (centre * resized.height) / source.height,
  );
  const columns = places(source.width, canvas.width, (centre) => {
    const across = left + (centre * resized.width) / source.width;
    return mirrored ? canvas.width - across : across;
  });
  return { rows, columns };
}

/** For the middle of each of `length` pixels the pixel of `extent` that it falls into. */
function places(length: number, extent: number, at: (centre: number) => number): Int32Array {
  return Int32Array.from({ length }, (_, pixel) => {
    const place = Math.floor(at(pixel + 0.5));
    return place >= 0 && place < extent ? place : -1;
  });
}

function picked<T extends Uint8Array | Uint16Array>(
  data: T,
  stride: number,
  { rows, columns }: Places,
  outside: number,
): T {
  const out = new (data.constructor as new (length: number) => T)(rows.length * columns.length).fill(
    outside,
  ) as T;
  let write = 0;
  for (const row of rows) {
    for (const column of columns) {
      if (row >= 0 && column >= 0) out[write] = data[row * stride + column]!;
      write++;
    }
  }
  return out;
}

function sizeOf({ height, width }: ImageSize): ImageSize {
  return { height, width };
}
