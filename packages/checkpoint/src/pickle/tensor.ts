/** A tensor's description, checked against its storage before a byte of it is read. */
import { bytesPerElement, type DType, elementCount } from "@difftap/core";
import { quoted } from "../refuse.js";
import { PickleFailure } from "./failure.js";
import { MAX_DIMENSIONS, MAX_EXPANDED_BYTES } from "./limits.js";
import { isList, kindOf, type PickleValue, type StorageValue, type TensorValue } from "./values.js";

/** @throws PickleFailure unless every element lies inside the storage. */
export function buildTensor(
  storage: StorageValue,
  dtype: DType,
  offset: PickleValue | undefined,
  shape: PickleValue | undefined,
  strides: PickleValue | undefined,
): TensorValue {
  const tensor: TensorValue = {
    kind: "tensor",
    storage,
    dtype,
    offset: count("offset", offset),
    shape: counts("shape", shape),
    strides: counts("stride", strides),
  };
  requireInside(tensor);
  return tensor;
}

function count(what: string, value: PickleValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new PickleFailure(
    `tensor ${what} is ${typeof value === "number" || typeof value === "bigint" ? value : kindOf(value)}, not a count`,
  );
}

function counts(what: string, value: PickleValue | undefined): number[] {
  if (!isList(value)) throw new PickleFailure(`tensor ${what} is ${kindOf(value)}, not a tuple`);
  if (value.items.length > MAX_DIMENSIONS) {
    throw new PickleFailure(`tensor of ${value.items.length} dimensions, the limit is ${MAX_DIMENSIONS}`);
  }
  return value.items.map((item) => count(what, item));
}

/** Elements from the first to the last one a tensor touches; 0 when it has none. */
export function spanOf(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, side, axis) => last + (side - 1) * (strides[axis] as number), 1);
}

function requireInside(tensor: TensorValue): void {
  const { storage, offset, shape, strides } = tensor;
  const described = `tensor [${shape.join(", ")}] with strides [${strides.join(", ")}]`;
  if (shape.length !== strides.length)
    throw new PickleFailure(`${described}: one stride per dimension is needed`);
  const span = spanOf(shape, strides);
  if (offset + span > storage.length) {
    throw new PickleFailure(
      `${described} at ${offset} ends at element ${offset + span} of storage ${quoted(storage.key)}, which has ${storage.length}`,
    );
  }
  requireModestExpansion(tensor, described, span);
}

function requireModestExpansion({ shape, dtype }: TensorValue, described: string, span: number): void {
  const elements = elementCount(shape);
  const bytes = elements * bytesPerElement(dtype);
  if (!Number.isSafeInteger(bytes)) throw new PickleFailure(`${described} is too large to count`);
  if (elements > span && bytes > MAX_EXPANDED_BYTES) {
    throw new PickleFailure(
      `${described} unfolds ${span} elements to ${bytes} bytes, the limit is ${MAX_EXPANDED_BYTES}`,
    );
  }
}
