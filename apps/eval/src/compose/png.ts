/** Images as PNG, from the planes that networks and loaders have, and back. */
import { decode, encode } from "fast-png";

/** Interleaved RGB, 8 bits. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Red, green and blue planes one behind the other as interleaved pixels. */
export function fromPlanes(planes: Uint8Array, width: number, height: number): RgbImage {
  const pixels = width * height;
  const data = Uint8Array.from(
    { length: 3 * pixels },
    (_, at) => planes[(at % 3) * pixels + Math.floor(at / 3)]!,
  );
  return { width, height, data };
}

/** The planes of interleaved pixels. */
export function toPlanes({ width, height, data }: RgbImage): Uint8Array {
  const pixels = width * height;
  return Uint8Array.from(
    { length: 3 * pixels },
    (_, at) => data[3 * (at % pixels) + Math.floor(at / pixels)]!,
  );
}

export function encodePng({ width, height, data }: RgbImage): Uint8Array {
  return encode({ width, height, channels: 3, depth: 8, data });
}

/** What `encodePng` wrote. */
export function decodePng(bytes: Uint8Array): RgbImage {
  const { width, height, data } = decode(bytes);
  return { width, height, data: Uint8Array.from(data) };
}

/** data: address of a PNG. */
export function pngAddress(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
