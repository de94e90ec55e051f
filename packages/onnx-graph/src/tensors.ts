/** Tensors in a model: with their bytes inside, or pointing into a file of external data. */
import { create } from "@bufbuild/protobuf";
import {
  bytesOf,
  bytesPerElement,
  DifftapError,
  type DType,
  elementCount,
  type NdArray,
} from "@difftap/core";
import { dataTypeNumber } from "./data-types.js";
import {
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "./generated/onnx_pb.js";

/** Where the bytes of an initializer lie. */
export interface ExternalLocation {
  /** File name, as the session is told it. */
  readonly location: string;
  /** First byte. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

export function inlineTensor(name: string, array: NdArray): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: dataTypeNumber(array.dtype),
    dims: array.shape.map(BigInt),
    rawData: bytesOf(array).slice(),
  });
}

/** @throws DifftapError USAGE_INVALID when the length is not what dtype and shape need. */
export function externalTensor(
  name: string,
  dtype: DType,
  shape: readonly number[],
  place: ExternalLocation,
): TensorProto {
  const needed = elementCount(shape) * bytesPerElement(dtype);
  if (place.length !== needed) {
    throw new DifftapError(
      "USAGE_INVALID",
      `external tensor ${name}: ${dtype} [${shape.join(", ")}] needs ${needed} bytes, the location has ${place.length}`,
    );
  }
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  return create(TensorProtoSchema, {
    name,
    dataType: dataTypeNumber(dtype),
    dims: shape.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      entry("location", place.location),
      entry("offset", String(place.offset)),
      entry("length", String(place.length)),
    ],
  });
}
