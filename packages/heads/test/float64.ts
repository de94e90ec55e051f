/** What layers are compared with: plain loops in float64, and gradients by central differences. */

/** An array [N, H, W, C]. */
export interface Map64 {
  readonly shape: readonly [number, number, number, number];
  readonly data: Float64Array;
}

export function map64(shape: Map64["shape"], valueAt: (...place: number[]) => number): Map64 {
  const [n, h, w, c] = shape;
  const data = new Float64Array(n * h * w * c);
  for (let i = 0; i < data.length; i++) {
    const place = [Math.floor(i / (h * w * c)), Math.floor(i / (w * c)) % h, Math.floor(i / c) % w, i % c];
    data[i] = valueAt(...place);
  }
  return { shape, data };
}

/** The element at a place; 0 outside, as convolutions pad. */
export function at({ shape, data }: Map64, n: number, y: number, x: number, c: number): number {
  const [, height, width, channels] = shape;
  if (y < 0 || x < 0 || y >= height || x >= width) return 0;
  return data[((n * height + y) * width + x) * channels + c]!;
}

/** PyTorch's Conv2d, padded by half a kernel: weight [outputs, inputs, side, side]. */
export function convolve64(
  map: Map64,
  {
    weight,
    bias,
    side,
    stride = 1,
  }: { weight: ArrayLike<number>; bias: ArrayLike<number>; side: number; stride?: number },
): Map64 {
  const [n, height, width, inputs] = map.shape;
  const half = (side - 1) / 2;
  const shape = [n, Math.ceil(height / stride), Math.ceil(width / stride), bias.length] as const;
  return map64(shape, (sample, y, x, output) => {
    let sum = bias[output!]!;
    for (let input = 0; input < inputs; input++) {
      for (let place = 0; place < side * side; place++) {
        const row = y! * stride + Math.floor(place / side) - half;
        const column = x! * stride + (place % side) - half;
        sum +=
          weight[(output! * inputs + input) * side * side + place]! * at(map, sample!, row, column, input);
      }
    }
    return sum;
  });
}

/** Gradient of Σ dy·f(x): every element of x moved a little both ways. */
export function numericGradient(
  f: (x: Float64Array) => Float64Array,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
): number[] {
  const moved = (index: number, step: number) => {
    const copy = Float64Array.from(x);
    copy[index]! += step;
    return f(copy).reduce((sum, each, i) => sum + each * dy[i]!, 0);
  };
  const step = 1e-5;
  return Array.from(x, (_, index) => (moved(index, step) - moved(index, -step)) / (2 * step));
}
