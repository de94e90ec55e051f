/** The U-Net's operations on plain arrays of doubles, written for clarity: what the graph is compared with. */
import { kernelShape, type Ops } from "@difftap/backbone";
import type { WeightSource } from "@difftap/checkpoint";
import { elementCount, toFloat32 } from "@difftap/core";

export interface Plain {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function plain(shape: readonly number[], values: ArrayLike<number>): Plain {
  return { shape, data: Float64Array.from(values) };
}

/** Fills a map [N, C, H, W] from a function of its indices. */
function fill(shape: readonly number[], at: (n: number, c: number, y: number, x: number) => number): Plain {
  const [, channels, height, width] = shape as [number, number, number, number];
  const data = new Float64Array(elementCount(shape));
  for (let index = 0; index < data.length; index += 1) {
    const place = index % (height * width);
    const plane = Math.floor(index / (height * width));
    data[index] = at(
      Math.floor(plane / channels),
      plane % channels,
      Math.floor(place / width),
      place % width,
    );
  }
  return { shape, data };
}

/** 0 outside the map. */
function pixel({ shape, data }: Plain, n: number, c: number, y: number, x: number): number {
  const [, channels, height, width] = shape as [number, number, number, number];
  if (y < 0 || x < 0 || y >= height || x >= width) return 0;
  return data[((n * channels + c) * height + y) * width + x]!;
}

const each = (a: Plain, f: (value: number, index: number) => number): Plain => ({
  shape: a.shape,
  data: a.data.map(f),
});

const convolve: Ops<Plain>["conv2d"] = (x, { shape, data }, bias, { stride, padding }) => {
  const [out, input, side] = shape as [number, number, number];
  const [count, , height, width] = x.shape as [number, number, number, number];
  const result = fill([count, out, height / stride, width / stride], (_, o) => bias?.data[o] ?? 0);
  const places = (height / stride) * (width / stride);
  for (let tap = 0; tap < out * input * side * side; tap += 1) {
    const [dy, dx] = [(Math.floor(tap / side) % side) - padding, (tap % side) - padding];
    const [o, i] = [Math.floor(tap / side / side / input), Math.floor(tap / side / side) % input];
    for (let index = 0; index < count * places; index += 1) {
      const [n, place] = [Math.floor(index / places), index % places];
      const y = Math.floor(place / (width / stride)) * stride + dy;
      const column = (place % (width / stride)) * stride + dx;
      result.data[(n * out + o) * places + place]! += data[tap]! * pixel(x, n, i, y, column);
    }
  }
  return result;
};

const attend: Ops<Plain>["attention"] = (qkv, { heads, order }) => {
  const [count, triple, height, width] = qkv.shape as [number, number, number, number];
  const [places, channels] = [height * width, triple / 3];
  const head = channels / heads;
  const result = plain([count, channels, height, width], new Float64Array(count * channels * places));
  for (let index = 0; index < count * heads * places; index += 1) {
    const [n, h, place] = [
      Math.floor(index / places / heads),
      Math.floor(index / places) % heads,
      index % places,
    ];
    const value = (part: number, i: number, at: number): number => {
      const channel =
        order === "split-heads-first" ? (h * 3 + part) * head + i : (part * heads + h) * head + i;
      return qkv.data[(n * triple + channel) * places + at]!;
    };
    const sum = (size: number, term: (i: number) => number): number =>
      Array.from({ length: size }, (_, i) => term(i)).reduce((total, each) => total + each, 0);
    const scores = Array.from({ length: places }, (_, other) =>
      Math.exp(sum(head, (i) => value(0, i, place) * value(1, i, other)) / Math.sqrt(head)),
    );
    const total = sum(places, (other) => scores[other]!);
    for (let i = 0; i < head; i += 1) {
      const attended = sum(places, (other) => scores[other]! * value(2, i, other)) / total;
      result.data[(n * channels + h * head + i) * places + place] = attended;
    }
  }
  return result;
};

export async function plainOps(source: WeightSource): Promise<Ops<Plain>> {
  const weights = new Map<string, Plain>();
  for (const [name, { shape }] of source.tensors) {
    weights.set(name, plain(kernelShape(shape), toFloat32(await source.read(name))));
  }
  return {
    weight: (name) => weights.get(name)!,
    conv2d: convolve,
    linear(x, weight, bias) {
      const [out, input] = weight.shape as [number, number];
      const rows = x.shape[0]!;
      return plain(
        [rows, out],
        Array.from({ length: rows * out }, (_, index) => {
          const [row, o] = [Math.floor(index / out), index % out];
          let sum = bias.data[o]!;
          for (let i = 0; i < input; i += 1) sum += x.data[row * input + i]! * weight.data[o * input + i]!;
          return sum;
        }),
      );
    },
    groupNorm(x, weight, bias, { groups, epsilon }) {
      const [, channels, height, width] = x.shape as [number, number, number, number];
      const size = (channels / groups) * height * width;
      const data = new Float64Array(x.data.length);
      for (let start = 0; start < data.length; start += size) {
        const group = x.data.subarray(start, start + size);
        const mean = group.reduce((sum, value) => sum + value, 0) / size;
        const variance = group.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
        group.forEach((value, index) => {
          const c = Math.floor((start + index) / (height * width)) % channels;
          data[start + index] =
            ((value - mean) / Math.sqrt(variance + epsilon)) * weight.data[c]! + bias.data[c]!;
        });
      }
      return { shape: x.shape, data };
    },
    scaleShift: (x, scale, shift) =>
      fill(x.shape, (n, c, row, column) => {
        const at = (n % scale.shape[0]!) * scale.shape[1]! + c;
        return pixel(x, n, c, row, column) * (1 + scale.data[at]!) + shift.data[at]!;
      }),
    silu: (x) => each(x, (value) => value / (1 + Math.exp(-value))),
    add: (a, b) => each(a, (value, index) => value + b.data[index]!),
    addPerChannel: (x, v) =>
      fill(x.shape, (n, c, row, column) => pixel(x, n, c, row, column) + v.data[n * v.shape[1]! + c]!),
    splitChannels({ shape, data }) {
      const half = shape[1]! / 2;
      const part = (first: number) =>
        data.filter((_, index) => Math.floor((index % shape[1]!) / half) === first);
      return [plain([shape[0]!, half], part(0)), plain([shape[0]!, half], part(1))];
    },
    concatChannels(a, b) {
      const [n, first, height, width] = a.shape as [number, number, number, number];
      return fill([n, first + b.shape[1]!, height, width], (s, c, row, column) =>
        c < first ? pixel(a, s, c, row, column) : pixel(b, s, c - first, row, column),
      );
    },
    averagePool2(x) {
      const [n, c, height, width] = x.shape as [number, number, number, number];
      return fill([n, c, height / 2, width / 2], (s, i, row, column) => {
        const at = (dy: number, dx: number) => pixel(x, s, i, 2 * row + dy, 2 * column + dx);
        return (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
      });
    },
    upsampleNearest2(x) {
      const [n, c, height, width] = x.shape as [number, number, number, number];
      return fill([n, c, 2 * height, 2 * width], (s, i, row, column) =>
        pixel(x, s, i, Math.floor(row / 2), Math.floor(column / 2)),
      );
    },
    attention: attend,
    timestepEmbedding(timesteps, width) {
      const half = Math.floor(width / 2);
      const rows = Array.from(timesteps.data, (t) => {
        const angles = Array.from({ length: half }, (_, i) => t * Math.exp((-Math.log(10000) * i) / half));
        return [...angles.map(Math.cos), ...angles.map(Math.sin), ...(width % 2 === 1 ? [0] : [])];
      });
      return plain([rows.length, width], rows.flat());
    },
    embedding(labels, table) {
      const width = table.shape[1]!;
      const rows = Array.from(labels.data, (label) => [
        ...table.data.subarray(label * width, (label + 1) * width),
      ]);
      return plain([rows.length, width], rows.flat());
    },
    dropout: (x) => x,
  };
}
