/** Gathers a strided view into a row-major copy. */
import type { TensorValue } from "../pickle/values.js";

/** True when the elements lie row-major without gaps, so that no gathering is needed. */
export function isContiguous({ shape, strides }: Pick<TensorValue, "shape" | "strides">): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const side = shape[axis] as number;
    if (side !== 1 && strides[axis] !== expected) return false;
    expected *= side;
  }
  return true;
}

type Words = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** Element sizes are powers of two up to 8; bits move unchanged. */
function wordsOf(bytes: Uint8Array<ArrayBuffer>, width: number): Words {
  if (width === 1) return bytes;
  if (width === 2) return new Uint16Array(bytes.buffer);
  return width === 4 ? new Uint32Array(bytes.buffer) : new BigUint64Array(bytes.buffer);
}

/** Copies elements of `width` bytes from `source`, whose first element is the view's first, to row-major `target`. */
export function gather(
  source: Uint8Array<ArrayBuffer>,
  target: Uint8Array<ArrayBuffer>,
  width: number,
  shape: readonly number[],
  strides: readonly number[],
): void {
  const from = wordsOf(source, width);
  const to = wordsOf(target, width);
  let written = 0;
  const copy = (axis: number, at: number): void => {
    if (axis === shape.length) to[written++] = from[at] as never;
    else for (let i = 0; i < (shape[axis] as number); i++) copy(axis + 1, at + i * (strides[axis] as number));
  };
  copy(0, 0);
}
