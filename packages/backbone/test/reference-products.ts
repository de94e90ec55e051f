/** The two costly operations of the reference: convolution and attention. */
import { type Tensor, zeros } from "./reference-ops.js";

/** Convolution by shifted sums: for each kernel tap, one axpy over the rows it reaches. */
export function referenceConv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  { stride, padding }: { stride: 1 | 2; padding: 0 | 1 },
): Tensor {
  const [rows, inputs, height, width] = x.shape as [number, number, number, number];
  const [outputs, , kernel] = weight.shape as [number, number, number, number];
  const outHeight = Math.floor((height + 2 * padding - kernel) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - kernel) / stride) + 1;
  const out = zeros([rows, outputs, outHeight, outWidth]);
  const plane = outHeight * outWidth;
  for (let n = 0; n < rows; n += 1) {
    for (let o = 0; o < outputs; o += 1) {
      const target = out.data.subarray((n * outputs + o) * plane, (n * outputs + o + 1) * plane);
      target.fill(bias === null ? 0 : bias.data[o]!);
      for (let i = 0; i < inputs; i += 1) {
        const source = x.data.subarray(
          (n * inputs + i) * height * width,
          (n * inputs + i + 1) * height * width,
        );
        for (let ky = 0; ky < kernel; ky += 1) {
          for (let kx = 0; kx < kernel; kx += 1) {
            const factor = weight.data[((o * inputs + i) * kernel + ky) * kernel + kx]!;
            for (let oy = 0; oy < outHeight; oy += 1) {
              const y = oy * stride + ky - padding;
              if (y < 0 || y >= height) continue;
              for (let ox = 0; ox < outWidth; ox += 1) {
                const column = ox * stride + kx - padding;
                if (column >= 0 && column < width)
                  target[oy * outWidth + ox]! += factor * source[y * width + column]!;
              }
            }
          }
        }
      }
    }
  }
  return out;
}

function softmaxInPlace(row: Float64Array): void {
  const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let i = 0; i < row.length; i += 1) sum += row[i] = Math.exp(row[i]! - top);
  for (let i = 0; i < row.length; i += 1) row[i]! /= sum;
}

/** One head: q, k, v are [width, places] from the given offsets of one sample. */
function attendHead(
  qkv: Float64Array,
  offsets: readonly number[],
  width: number,
  places: number,
  out: Float64Array,
): void {
  const [q, k, v] = offsets.map((offset) => qkv.subarray(offset * places, (offset + width) * places)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const row = new Float64Array(places);
  for (let t = 0; t < places; t += 1) {
    row.fill(0);
    for (let c = 0; c < width; c += 1) {
      for (let s = 0; s < places; s += 1) row[s]! += q[c * places + t]! * k[c * places + s]!;
    }
    for (let s = 0; s < places; s += 1) row[s]! /= Math.sqrt(width);
    softmaxInPlace(row);
    for (let c = 0; c < width; c += 1) {
      let sum = 0;
      for (let s = 0; s < places; s += 1) sum += row[s]! * v[c * places + s]!;
      out[c * places + t] = sum;
    }
  }
}

export function referenceAttention(
  qkv: Tensor,
  { heads, order }: { heads: number; order: "split-heads-first" | "split-qkv-first" },
): Tensor {
  const [rows, triple, ...sides] = qkv.shape as [number, number, ...number[]];
  const channels = triple / 3;
  const places = sides.reduce((a, b) => a * b, 1);
  const width = channels / heads;
  const out = zeros([rows, channels, ...sides]);
  for (let n = 0; n < rows; n += 1) {
    const sample = qkv.data.subarray(n * triple * places, (n + 1) * triple * places);
    for (let head = 0; head < heads; head += 1) {
      const offsets = [0, 1, 2].map((part) =>
        order === "split-heads-first" ? (head * 3 + part) * width : part * channels + head * width,
      );
      const at = (n * channels + head * width) * places;
      attendHead(sample, offsets, width, places, out.data.subarray(at, at + width * places));
    }
  }
  return out;
}
