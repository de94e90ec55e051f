/** Attributes of nodes. A JavaScript number says nothing about int or float, so floats are marked. */
import { create } from "@bufbuild/protobuf";
import { DifftapError, type NdArray } from "@difftap/core";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
} from "./generated/onnx_pb.js";
import { inlineTensor } from "./tensors.js";

/** number → INT, number[] → INTS, `{ float }` → FLOAT, `{ floats }` → FLOATS, string → STRING, array → TENSOR. */
export type Attribute =
  | number
  | bigint
  | readonly number[]
  | string
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | NdArray;

export type Attributes = Readonly<Record<string, Attribute | undefined>>;

/** @throws DifftapError USAGE_INVALID for a fraction given as an int. */
export function attributeProto(name: string, value: Attribute): AttributeProto {
  return create(AttributeProtoSchema, { name, ...content(name, value) });
}

function content(name: string, value: Attribute) {
  const types = AttributeProto_AttributeType;
  if (typeof value === "string") return { type: types.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === "number" || typeof value === "bigint") {
    return { type: types.INT, i: integer(name, value) };
  }
  if ("float" in value) return { type: types.FLOAT, f: value.float };
  if ("floats" in value) return { type: types.FLOATS, floats: [...value.floats] };
  if ("dtype" in value) return { type: types.TENSOR, t: inlineTensor("", value) };
  return { type: types.INTS, ints: value.map((each) => integer(name, each)) };
}

function integer(name: string, value: number | bigint): bigint {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return BigInt(value);
  throw new DifftapError("USAGE_INVALID", `attribute ${name} is ${value}, which is no integer`, {
    hint: `write a float attribute as { float: ${value} }`,
  });
}
