/** Ops over plain arrays, by loops, in float64: slow, and plain enough to be checked by eye. */
import type { Ops } from "../src/index.js";
import { referenceAttention, referenceConv2d } from "./reference-products.js";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function tensor(shape: readonly number[], data: ArrayLike<number | bigint>): Tensor {
  return { shape, data: Float64Array.from(data as ArrayLike<number>, Number) };
}

export function zeros(shape: readonly number[]): Tensor {
  return { shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) };
}

function map(x: Tensor, f: (value: number, index: number) => number): Tensor {
  return { shape: x.shape, data: x.data.map(f) };
}

/** Places of a map: 1 for [N, C]. */
function placesOf(x: Tensor): number {
  return x.shape.slice(2).reduce((a, b) => a * b, 1);
}

function groupNorm(x: Tensor, weight: Tensor, bias: Tensor, groups: number, epsilon: number): Tensor {
  const [, channels] = x.shape as [number, number];
  const places = placesOf(x);
  const size = (channels / groups) * places;
  const out = zeros(x.shape);
  for (let start = 0; start < x.data.length; start += size) {
    const group = x.data.subarray(start, start + size);
    const mean = group.reduce((a, b) => a + b, 0) / size;
    const variance = group.reduce((a, b) => a + (b - mean) ** 2, 0) / size;
    for (let i = 0; i < size; i += 1) {
      const channel = Math.floor((start + i) / places) % channels;
      out.data[start + i] =
        ((group[i]! - mean) / Math.sqrt(variance + epsilon)) * weight.data[channel]! + bias.data[channel]!;
    }
  }
  return out;
}

function linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [rows, inputs] = x.shape as [number, number];
  const outputs = weight.shape[0]!;
  const out = zeros([rows, outputs]);
  for (let n = 0; n < rows; n += 1) {
    for (let o = 0; o < outputs; o += 1) {
      let sum = bias.data[o]!;
      for (let i = 0; i < inputs; i += 1) sum += x.data[n * inputs + i]! * weight.data[o * inputs + i]!;
      out.data[n * outputs + o] = sum;
    }
  }
  return out;
}

/** Cuts the second dimension into [from, to). */
function slice(x: Tensor, from: number, to: number): Tensor {
  const [rows, channels] = x.shape as [number, number];
  const places = placesOf(x);
  const out = zeros([rows, to - from, ...x.shape.slice(2)]);
  for (let n = 0; n < rows; n += 1) {
    out.data.set(
      x.data.subarray((n * channels + from) * places, (n * channels + to) * places),
      n * (to - from) * places,
    );
  }
  return out;
}

function concat(a: Tensor, b: Tensor): Tensor {
  const rows = a.shape[0]!;
  const [lengthA, lengthB] = [a.data.length / rows, b.data.length / rows];
  const out = zeros([rows, a.shape[1]! + b.shape[1]!, ...a.shape.slice(2)]);
  for (let n = 0; n < rows; n += 1) {
    out.data.set(a.data.subarray(n * lengthA, (n + 1) * lengthA), n * (lengthA + lengthB));
    out.data.set(b.data.subarray(n * lengthB, (n + 1) * lengthB), n * (lengthA + lengthB) + lengthA);
  }
  return out;
}

/** Fills a map of another size from the places of x. */
function resample(
  x: Tensor,
  height: number,
  width: number,
  at: (plane: number, y: number, x: number) => number,
): Tensor {
  const out = zeros([x.shape[0]!, x.shape[1]!, height, width]);
  const plane = height * width;
  for (let i = 0; i < out.data.length; i += 1) {
    out.data[i] = at(Math.floor(i / plane), Math.floor((i % plane) / width), i % width);
  }
  return out;
}

function averagePool2(x: Tensor): Tensor {
  const [, , height, width] = x.shape as [number, number, number, number];
  const read = (plane: number, y: number, column: number): number =>
    x.data[(plane * height + y) * width + column]!;
  return resample(x, height / 2, width / 2, (plane, y, column) => {
    const [top, left] = [2 * y, 2 * column];
    const above = read(plane, top, left) + read(plane, top, left + 1);
    return (above + read(plane, top + 1, left) + read(plane, top + 1, left + 1)) / 4;
  });
}

function upsampleNearest2(x: Tensor): Tensor {
  const [, , height, width] = x.shape as [number, number, number, number];
  return resample(x, height * 2, width * 2, (plane, y, column) => {
    return x.data[(plane * height + (y >> 1)) * width + (column >> 1)]!;
  });
}

function timestepEmbedding(timesteps: Tensor, width: number): Tensor {
  const half = Math.floor(width / 2);
  const out = zeros([timesteps.data.length, width]);
  timesteps.data.forEach((t, n) => {
    for (let i = 0; i < half; i += 1) {
      const angle = t * Math.exp((-Math.log(10000) * i) / half);
      out.data[n * width + i] = Math.cos(angle);
      out.data[n * width + half + i] = Math.sin(angle);
    }
  });
  return out;
}

function embedding(labels: Tensor, table: Tensor): Tensor {
  const width = table.shape[1]!;
  const out = zeros([labels.data.length, width]);
  labels.data.forEach((label, n) => {
    out.data.set(table.data.subarray(label * width, (label + 1) * width), n * width);
  });
  return out;
}

/** Reference operations over weights that are looked up by name. */
export function referenceOps(weight: (name: string) => Tensor): Ops<Tensor> {
  return {
    weight,
    conv2d: referenceConv2d,
    linear,
    groupNorm: (x, w, b, { groups, epsilon }) => groupNorm(x, w, b, groups, epsilon),
    scaleShift: (x, scale, shift) => {
      const places = placesOf(x);
      return map(
        x,
        (value, i) => value * (1 + scale.data[Math.floor(i / places)]!) + shift.data[Math.floor(i / places)]!,
      );
    },
    silu: (x) => map(x, (value) => value / (1 + Math.exp(-value))),
    add: (a, b) => map(a, (value, i) => value + b.data[i]!),
    addPerChannel: (x, v) => {
      const places = placesOf(x);
      return map(x, (value, i) => value + v.data[Math.floor(i / places)]!);
    },
    splitChannels: (x) => [slice(x, 0, x.shape[1]! / 2), slice(x, x.shape[1]! / 2, x.shape[1]!)],
    concatChannels: concat,
    averagePool2,
    upsampleNearest2,
    attention: referenceAttention,
    timestepEmbedding,
    embedding,
    dropout: (x) => x,
  };
}

/** Reference operations that also count how often each one ran and which weights were asked for. */
export function countingOps(weight: (name: string) => Tensor): {
  ops: Ops<Tensor>;
  calls: Map<string, number>;
  weights: Set<string>;
} {
  const calls = new Map<string, number>();
  const weights = new Set<string>();
  const plain = referenceOps((name) => {
    weights.add(name);
    return weight(name);
  });
  const ops = new Proxy(plain, {
    get: (target, name: keyof Ops<Tensor>) => {
      calls.set(name, calls.get(name) ?? 0);
      const operation = target[name] as (...inputs: unknown[]) => unknown;
      return (...inputs: unknown[]) => {
        calls.set(name, calls.get(name)! + 1);
        return operation(...inputs);
      };
    },
  });
  return { ops, calls, weights };
}
