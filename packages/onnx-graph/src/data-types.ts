/** Element types: our names and ONNX's numbers. */
import { DifftapError, type DType } from "@difftap/core";
import { TensorProto_DataType } from "./generated/onnx_pb.js";

const dataTypes: { readonly [D in DType]: TensorProto_DataType } = {
  float64: TensorProto_DataType.DOUBLE,
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  bfloat16: TensorProto_DataType.BFLOAT16,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  int16: TensorProto_DataType.INT16,
  int8: TensorProto_DataType.INT8,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
};

/**
 * ONNX's number of an element type, as `Cast`'s attribute `to` wants it (float32 → 1).
 * @throws DifftapError USAGE_INVALID for a type that is not one of core's.
 */
export function dataTypeNumber(dtype: DType): number {
  const found: TensorProto_DataType | undefined = dataTypes[dtype];
  if (found !== undefined) return found;
  throw new DifftapError("USAGE_INVALID", `${String(dtype)} is not an element type`, {
    hint: `one of ${Object.keys(dataTypes).join(", ")}`,
  });
}
