/** dtype names of the safetensors format. */
import type { DType } from "@difftap/core";

export const dtypeOfName: ReadonlyMap<string, DType> = new Map([
  ["F64", "float64"],
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I64", "int64"],
  ["I32", "int32"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);

export const nameOfDtype: ReadonlyMap<DType, string> = new Map(
  [...dtypeOfName].map(([name, dtype]) => [dtype, name]),
);

/** Legal in the format; nothing of ours holds them. */
export const foreignDtypes: ReadonlySet<string> = new Set([
  "U16",
  "U32",
  "U64",
  "C64",
  "F8_E4M3",
  "F8_E5M2",
  "F8_E8M0",
  "F6_E2M3",
  "F6_E3M2",
  "F4",
]);
