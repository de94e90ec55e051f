/** What a TensorFlow.js data id stands for. */
import type { DType } from "@difftap/core";
import type { DataType } from "@tensorflow/tfjs-core";
import type { Edge } from "./edge.js";

export type HostData = Float32Array | Int32Array | Uint8Array;

export type ValueState =
  /** Written by the host and not yet fed; copied when it was written. */
  | { readonly kind: "host"; readonly data: HostData }
  /** The same number everywhere. */
  | { readonly kind: "uniform"; readonly number: number }
  /** Recorded, not run. */
  | { readonly kind: "pending"; readonly edge: Edge }
  /** The axes of another value in another order: `axes[i]` is the base's axis that became axis i. Moved only when someone needs it so. */
  | { readonly kind: "view"; readonly base: Value; readonly axes: readonly number[] }
  /** With the runtime, under the value's id. */
  | { readonly kind: "resident" }
  | { readonly kind: "strings"; readonly strings: readonly Uint8Array[] }
  | { readonly kind: "complex"; readonly real: ComplexPart; readonly imag: ComplexPart };

interface ComplexPart {
  readonly dataId: object;
  readonly shape: number[];
  readonly dtype: DataType;
}

/** TensorFlow.js uses the value itself as data id. Tensors of other shapes may share one. */
export interface Value {
  readonly id: number;
  /** The recorder that made it, as long as it is held: data ids of other backends have none. */
  owner: object | undefined;
  readonly shape: readonly number[];
  readonly dtype: DType;
  state: ValueState;
  /** Tensors and views that hold it; at 0 it is gone. */
  references: number;
  /** Known to TensorFlow.js, not only to a view. */
  visible: boolean;
}

/** Element types of TensorFlow.js as ONNX has them. */
const elementTypes: Readonly<Record<string, DType>> = { float32: "float32", int32: "int32", bool: "bool" };

/** @throws Error for a type that only lives on the host (strings, complex numbers). */
export function elementType(dtype: DataType): DType {
  const found = elementTypes[dtype];
  if (found === undefined) throw new Error(`the onnxruntime backend does not compute with ${dtype}`);
  return found;
}
