/** No network at all: the image itself as a pyramid, every patch of s × s pixels one cell. What a learned feature has to be better than. */
import { type NdArray, ndarray } from "@difftap/core";
import type { HeadTap } from "@difftap/heads";
import type { MapReader, NamedImages } from "./map-reader.js";

/** Maps of 3·s² channels for each stride, as taps. @param size of the images in pixels */
export function pixelTaps(
  strides: readonly number[],
  size: { readonly height: number; readonly width: number },
): HeadTap[] {
  return strides.map((stride, index) => ({
    name: `pixels/s${stride}`,
    block: index + 1,
    timestep: "clean",
    channels: 3 * stride * stride,
    height: size.height / stride,
    width: size.width / stride,
  }));
}

/** Reads such maps; there is no noise. */
export function openPixelReader(strides: readonly number[]): MapReader {
  return {
    multiple: Math.max(...strides),
    async read({ images }) {
      const maps = strides.map((stride) => [`pixels/s${stride}`, patches(images, stride)] as const);
      return Object.fromEntries(maps);
    },
    close: async () => {},
  };
}

/** [N, 3, H, W] → [N, 3·s², H/s, W/s] in −1 … 1. */
function patches({ dtype, shape, data }: NamedImages["images"], stride: number): NdArray<"float32"> {
  const [count, , height, width] = shape as [number, number, number, number];
  const [rows, columns] = [height / stride, width / stride];
  const cut = ndarray("float32", [count, 3 * stride * stride, rows, columns]);
  for (let plane = 0; plane < count * 3; plane++) {
    for (let y = 0; y < height; y++) {
      const channel = (plane * stride + (y % stride)) * stride;
      const row = Math.floor(y / stride) * columns;
      for (let x = 0; x < width; x++) {
        const cell = (channel + (x % stride)) * rows * columns + row + Math.floor(x / stride);
        const value = data[(plane * height + y) * width + x]!;
        cut.data[cell] = dtype === "uint8" ? value / 127.5 - 1 : value;
      }
    }
  }
  return cut;
}
