/**
 * Records what kernels ask for. A kernel reads tensors as edges, adds nodes, and gives edges back as tensors; the graph runs when
 * somebody reads.
 */
import type { DType } from "@difftap/core";
import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { type Edge, sameShape } from "./edge.js";
import { NodeRecorder } from "./node-recorder.js";
import { elementType, type HostData, type Value } from "./value.js";
import { ValueStore } from "./value-store.js";

export class Recorder extends NodeRecorder {
  readonly values = new ValueStore();
  /** Materialised forms of values, so that two kernels that want the same one share it; forgotten at each run. */
  #forms = new Map<Value, Map<string, Edge>>();
  readonly #channelBlock: () => number;

  /** @param channelBlock how many channels lie together where the runtime convolves fastest; 1 where it has no such layout. */
  constructor(channelBlock: () => number) {
    super();
    this.#channelBlock = channelBlock;
  }

  get channelBlock(): number {
    return this.#channelBlock();
  }

  override startAnew(): void {
    super.startAnew();
    this.#forms = new Map();
  }

  // ---- edges in

  /** A tensor as it is, in its own shape and order of axes. */
  input({ dataId, shape }: TensorInfo): Edge {
    const value = dataId as Value;
    const edge = this.edge(value);
    return sameShape(edge.shape, shape)
      ? edge
      : this.#form(value, `shape ${shape.join()}`, () => this.reshape(edge, shape));
  }

  /** A value in its own shape. */
  edge(value: Value): Edge {
    const { state, shape, dtype } = value;
    switch (state.kind) {
      case "pending":
        return state.edge;
      case "uniform":
        return this.#form(value, "full", () => this.expand(this.number(state.number, dtype), shape));
      case "view":
        return this.#form(value, "full", () => this.transpose(this.edge(state.base), state.axes));
      case "host":
        if (shape.length === 0) return this.number(state.data[0]!, dtype);
        return { shape, dtype, source: { kind: "value", value } };
      case "resident":
        return { shape, dtype, source: { kind: "value", value } };
      default:
        throw new Error(`a kernel of the onnxruntime backend was given ${state.kind}`);
    }
  }

  /** The number a tensor is filled with, where it is known to be one: broadcasting needs no more of it. */
  uniform({ dataId }: TensorInfo): number | undefined {
    const { state, shape } = dataId as Value;
    if (state.kind === "uniform") return state.number;
    return state.kind === "host" && shape.length === 0 ? state.data[0] : undefined;
  }

  /** Where a tensor is another one with its axes reordered: that one, and the order. */
  viewOf({ dataId, shape }: TensorInfo): { base: TensorInfo; axes: readonly number[] } | undefined {
    const { state, shape: own } = dataId as Value;
    if (state.kind !== "view" || !sameShape(own, shape)) return undefined;
    return { base: this.info(state.base), axes: state.axes };
  }

  // ---- tensors out

  /** An edge as a new tensor. */
  tensor(edge: Edge, dtype: DataType = dataTypeOf(edge.dtype)): TensorInfo {
    const produced = this.#produced(edge);
    return this.info(
      this.values.create({ kind: "pending", edge: produced }, edge.shape, elementType(dtype)),
      dtype,
    );
  }

  /** Outputs of a graph come from its nodes, so what is fed or constant gets one. */
  #produced(edge: Edge): Edge {
    return edge.source.kind === "node" ? edge : this.node("Identity", [edge], edge);
  }

  /** An edge whose axes the tensor has in another order. */
  view(edge: Edge, axes: readonly number[]): TensorInfo {
    if (axes.every((axis, i) => axis === i)) return this.tensor(edge);
    const base = this.values.create(
      { kind: "pending", edge: this.#produced(edge) },
      edge.shape,
      edge.dtype,
      false,
    );
    return this.info(
      this.values.create(
        { kind: "view", base, axes },
        axes.map((axis) => edge.shape[axis]!),
        edge.dtype,
      ),
    );
  }

  /** A tensor with its axes reordered; nothing moves. */
  permuted(x: TensorInfo, axes: readonly number[]): TensorInfo {
    if (axes.every((axis, i) => axis === i)) return this.same(x);
    const view = this.viewOf(x);
    if (view)
      return this.#viewOn(
        view.base.dataId as Value,
        axes.map((axis) => view.axes[axis]!),
      );
    const value = x.dataId as Value;
    if (sameShape(value.shape, x.shape)) return this.#viewOn(value, axes);
    return this.view(this.input(x), axes);
  }

  #viewOn(base: Value, axes: readonly number[]): TensorInfo {
    this.values.retain(base);
    if (axes.every((axis, i) => axis === i)) {
      this.values.show(base);
      return this.info(base);
    }
    return this.info(
      this.values.create(
        { kind: "view", base, axes },
        axes.map((axis) => base.shape[axis]!),
        base.dtype,
      ),
    );
  }

  /** The same data under another tensor, in another shape if one is given. */
  same(x: TensorInfo, shape: readonly number[] = x.shape): TensorInfo {
    this.values.retain(x.dataId as Value);
    return { dataId: x.dataId, shape: [...shape], dtype: x.dtype };
  }

  filled(number: number, shape: readonly number[], dtype: DataType): TensorInfo {
    return this.info(this.values.create({ kind: "uniform", number }, shape, elementType(dtype)), dtype);
  }

  /** Data that the host computed. */
  written(data: HostData, shape: readonly number[], dtype: DataType): TensorInfo {
    return this.info(this.values.create({ kind: "host", data }, shape, elementType(dtype)), dtype);
  }

  info(value: Value, dtype: DataType = dataTypeOf(value.dtype)): TensorInfo {
    return { dataId: value, shape: [...value.shape], dtype };
  }

  #form(value: Value, name: string, make: () => Edge): Edge {
    const forms = this.#forms.get(value) ?? new Map<string, Edge>();
    this.#forms.set(value, forms);
    const found = forms.get(name) ?? make();
    forms.set(name, found);
    return found;
  }

  /** A value's data with its axes reordered, shared by all who want them so. */
  reordered(x: TensorInfo, axes: readonly number[]): Edge {
    if (axes.every((axis, i) => axis === i)) return this.input(x);
    return this.#form(x.dataId as Value, `${x.shape.join()} axes ${axes.join()}`, () => {
      const view = this.viewOf(x);
      return view
        ? this.reordered(
            view.base,
            axes.map((axis) => view.axes[axis]!),
          )
        : this.transpose(this.input(x), axes);
    });
  }
}

function dataTypeOf(dtype: DType): DataType {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype;
  throw new Error(`a kernel of the onnxruntime backend gave ${dtype}, which TensorFlow.js has no type for`);
}
