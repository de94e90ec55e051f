/** Values of a graph: names, element types, shapes that may be partly known. */
import { create } from "@bufbuild/protobuf";
import type { DType } from "@difftap/core";
import { dataTypeNumber } from "./data-types.js";
import { type ValueInfoProto, ValueInfoProtoSchema } from "./generated/onnx_pb.js";

/** The name of a value in the graph. */
export type Value = string;

/** A dimension: a size, or the name of one that is known only when the graph runs. */
export type Dimension = number | string;

/** What an input or output of the graph is. */
export function valueInfo(name: string, dtype: DType, shape: readonly Dimension[]): ValueInfoProto {
  const dim = shape.map((side) =>
    typeof side === "string"
      ? { value: { case: "dimParam" as const, value: side } }
      : { value: { case: "dimValue" as const, value: BigInt(side) } },
  );
  const tensorType = { elemType: dataTypeNumber(dtype), shape: { dim } };
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: tensorType } },
  });
}
