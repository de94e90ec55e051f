/** Plain float64 arrays for references: slow, obvious, independent of the code under test. */

export interface Float64Map {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** An array whose element at each index is computed from that index. */
export function build(shape: readonly number[], at: (index: number[]) => number): Float64Map {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = at(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return { shape, data };
}

/** The element at an index; 0 outside. */
export function at({ shape, data }: Float64Map, index: readonly number[]): number {
  let place = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const i = index[axis]!;
    if (i < 0 || i >= shape[axis]!) return 0;
    place = place * shape[axis]! + i;
  }
  return data[place]!;
}

export function map(x: Float64Map, of: (value: number) => number): Float64Map {
  return { shape: x.shape, data: x.data.map(of) };
}

/** Elementwise with broadcasting. */
export function zip(a: Float64Map, b: Float64Map, of: (a: number, b: number) => number): Float64Map {
  const rank = Math.max(a.shape.length, b.shape.length);
  const side = (x: Float64Map, axis: number) => x.shape[axis - (rank - x.shape.length)] ?? 1;
  const shape = Array.from({ length: rank }, (_, axis) => Math.max(side(a, axis), side(b, axis)));
  const pick = (x: Float64Map, index: readonly number[]) =>
    at(
      x,
      x.shape.map((length, axis) => (length === 1 ? 0 : index[axis + rank - x.shape.length]!)),
    );
  return build(shape, (index) => of(pick(a, index), pick(b, index)));
}

/** Over one axis, which goes. */
export function fold(
  x: Float64Map,
  axis: number,
  start: number,
  step: (sum: number, value: number) => number,
): Float64Map {
  const shape = x.shape.filter((_, each) => each !== axis);
  return build(shape, (index) => {
    let sum = start;
    for (let i = 0; i < x.shape[axis]!; i++) sum = step(sum, at(x, index.toSpliced(axis, 0, i)));
    return sum;
  });
}
