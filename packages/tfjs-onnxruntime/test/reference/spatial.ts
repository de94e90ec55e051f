/** Convolutions, pools and resizing in float64, channels last. Same padding puts the odd row or column at the end. */
import { at, build, type Float64Map } from "./arrays.js";

export interface Window {
  readonly stride: number;
  readonly pad: "same" | "valid";
  readonly dilation?: number;
}

function outputSide(side: number, kernel: number, { stride, pad, dilation = 1 }: Window): [number, number] {
  const reach = (kernel - 1) * dilation + 1;
  const out = pad === "same" ? Math.ceil(side / stride) : Math.ceil((side - reach + 1) / stride);
  const total = pad === "same" ? Math.max(0, (out - 1) * stride + reach - side) : 0;
  return [out, Math.floor(total / 2)];
}

export function convolution(x: Float64Map, filter: Float64Map, window: Window): Float64Map {
  const [n, height, width, inputs] = x.shape as [number, number, number, number];
  const [kh, kw, , outputs] = filter.shape as [number, number, number, number];
  const [oh, top] = outputSide(height, kh, window);
  const [ow, left] = outputSide(width, kw, window);
  const { stride, dilation = 1 } = window;
  return build([n, oh, ow, outputs], ([sample, row, column, output]) => {
    let sum = 0;
    for (let i = 0; i < kh; i++)
      for (let j = 0; j < kw; j++)
        for (let c = 0; c < inputs; c++) {
          const place = [
            sample!,
            row! * stride + i * dilation - top,
            column! * stride + j * dilation - left,
            c,
          ];
          sum += at(x, place) * at(filter, [i, j, c, output!]);
        }
    return sum;
  });
}

/** Filter [kh, kw, channels, multiplier]. */
export function depthwiseConvolution(x: Float64Map, filter: Float64Map, window: Window): Float64Map {
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const [kh, kw, , multiplier] = filter.shape as [number, number, number, number];
  const [oh, top] = outputSide(height, kh, window);
  const [ow, left] = outputSide(width, kw, window);
  const { stride, dilation = 1 } = window;
  return build([n, oh, ow, channels * multiplier], ([sample, row, column, output]) => {
    const c = Math.floor(output! / multiplier);
    let sum = 0;
    for (let i = 0; i < kh; i++)
      for (let j = 0; j < kw; j++) {
        const place = [
          sample!,
          row! * stride + i * dilation - top,
          column! * stride + j * dilation - left,
          c,
        ];
        sum += at(x, place) * at(filter, [i, j, c, output! % multiplier]);
      }
    return sum;
  });
}

/** Windows at the border hold only what is inside. */
export function pool(x: Float64Map, kernel: number, window: Window, kind: "max" | "average"): Float64Map {
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const [oh, top] = outputSide(height, kernel, window);
  const [ow, left] = outputSide(width, kernel, window);
  return build([n, oh, ow, channels], ([sample, row, column, c]) => {
    const values: number[] = [];
    for (let i = 0; i < kernel; i++)
      for (let j = 0; j < kernel; j++) {
        const [y, z] = [row! * window.stride + i - top, column! * window.stride + j - left];
        if (y >= 0 && y < height && z >= 0 && z < width) values.push(at(x, [sample!, y, z, c!]));
      }
    return kind === "max" ? Math.max(...values) : values.reduce((a, b) => a + b, 0) / values.length;
  });
}

export interface Resizing {
  readonly size: readonly [number, number];
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

export function resizeBilinear(
  x: Float64Map,
  { size, alignCorners, halfPixelCenters }: Resizing,
): Float64Map {
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const place = (i: number, from: number, to: number) => {
    if (alignCorners && to > 1) return (i * (from - 1)) / (to - 1);
    return halfPixelCenters ? Math.max(0, ((i + 0.5) * from) / to - 0.5) : (i * from) / to;
  };
  return build([n, size[0], size[1], channels], ([sample, row, column, c]) => {
    const [y, z] = [place(row!, height, size[0]), place(column!, width, size[1])];
    const [y0, z0] = [Math.floor(y), Math.floor(z)];
    const [y1, z1] = [Math.min(y0 + 1, height - 1), Math.min(z0 + 1, width - 1)];
    const of = (i: number, j: number) => at(x, [sample!, i, j, c!]);
    const above = of(y0, z0) * (1 - (z - z0)) + of(y0, z1) * (z - z0);
    const below = of(y1, z0) * (1 - (z - z0)) + of(y1, z1) * (z - z0);
    return above * (1 - (y - y0)) + below * (y - y0);
  });
}
