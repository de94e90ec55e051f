/**
 * Records what kernels ask for. A kernel reads tensors as edges, adds nodes, and gives edges back as tensors; the graph runs when
 * somebody reads.
 */
import type { DType, NdArray } from "@difftap/core";
import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { type Edge, type GraphNode, type NodeSpec, nodeKey, sameShape } from "./edge.js";
import { elementType, type HostData, type Value, type ValueState } from "./value.js";

export interface Output {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export class Recorder {
  #serial = 0;
  #ids = 0;
  #visible = 0;
  #nodes = 0;
  /** Materialised forms of values, so that two kernels that want the same one share it; forgotten at each run. */
  #forms = new Map<Value, Map<string, Edge>>();
  readonly pending = new Set<Value>();
  readonly #integers = new Map<string, Edge>();
  /** Resident values that nobody holds any more; the runtime lets go of them after the next run. */
  #released: number[] = [];

  /** Nodes recorded since the last run. */
  get size(): number {
    return this.#nodes;
  }

  /** Values that TensorFlow.js knows. */
  get visible(): number {
    return this.#visible;
  }

  // ---- values

  create(state: ValueState, shape: readonly number[], dtype: DType, visible = true): Value {
    this.#ids += 1;
    const value: Value = {
      id: this.#ids,
      owner: this,
      shape: [...shape],
      dtype,
      state,
      references: 1,
      visible,
    };
    if (visible) this.#visible += 1;
    if (state.kind === "pending") this.pending.add(value);
    return value;
  }

  retain(value: Value): void {
    value.references += 1;
  }

  /** Gives true when nobody holds the value any more. */
  release(value: Value, force = false): boolean {
    value.references = force ? 0 : value.references - 1;
    if (value.references > 0) return false;
    value.owner = undefined;
    if (value.visible) this.#visible -= 1;
    const { state } = value;
    if (state.kind === "pending") this.pending.delete(value);
    else if (state.kind === "resident") this.#released.push(value.id);
    else if (state.kind === "view") this.release(state.base);
    return true;
  }

  /** Ids to let go of, once. */
  takeReleased(): number[] {
    const released = this.#released;
    this.#released = [];
    return released;
  }

  /** Forgets what belongs to the graph that has just been handed over. */
  startAnew(): void {
    this.#forms = new Map();
    this.#nodes = 0;
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

  // ---- nodes

  node(type: string, inputs: readonly Edge[], output: Output, spec: NodeSpec = {}): Edge {
    return this.nodes(type, inputs, [output], spec)[0]!;
  }

  /** A node with several outputs. */
  nodes(type: string, inputs: readonly Edge[], outputs: readonly Output[], spec: NodeSpec = {}): Edge[] {
    this.#serial += 1;
    this.#nodes += 1;
    const { attributes = {}, domain = "" } = spec;
    const key = nodeKey(type, spec, outputs);
    const node: GraphNode = { serial: this.#serial, type, domain, attributes, inputs, outputs, key };
    return outputs.map(({ shape, dtype }, output) => ({
      shape,
      dtype,
      source: { kind: "node", node, output },
    }));
  }

  constant(array: NdArray): Edge {
    return { shape: array.shape, dtype: array.dtype, source: { kind: "constant", array } };
  }

  /** A list of whole numbers, as shapes and axes are given. The same few come again and again. */
  integers(numbers: readonly number[]): Edge {
    const name = numbers.join();
    const known = this.#integers.get(name);
    if (known) return known;
    const data = BigInt64Array.from(numbers, BigInt);
    const edge = this.constant({ dtype: "int64", shape: [numbers.length], data });
    this.#integers.set(name, edge);
    return edge;
  }

  /** A rank-0 number. */
  number(number: number, dtype: DType = "float32"): Edge {
    return { shape: [], dtype, source: { kind: "number", number } };
  }

  reshape(edge: Edge, shape: readonly number[]): Edge {
    if (sameShape(edge.shape, shape)) return edge;
    const { source, dtype } = edge;
    // A reshape of a reshape reads the first one's input.
    const origin = source.kind === "node" && source.node.type === "Reshape" ? source.node.inputs[0]! : edge;
    if (sameShape(origin.shape, shape)) return origin;
    return this.node(
      "Reshape",
      [origin, this.integers(shape)],
      { shape, dtype },
      { attributes: { allowzero: 1 } },
    );
  }

  transpose(edge: Edge, axes: readonly number[]): Edge {
    const moved = axes.filter((axis) => edge.shape[axis] !== 1);
    const shape = axes.map((axis) => edge.shape[axis]!);
    // Axes of length 1 may go anywhere without moving a byte.
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return this.reshape(edge, shape);
    return this.node("Transpose", [edge], { shape, dtype: edge.dtype }, { attributes: { perm: axes } });
  }

  expand(edge: Edge, shape: readonly number[]): Edge {
    if (sameShape(edge.shape, shape)) return edge;
    return this.node("Expand", [edge, this.integers(shape)], { shape, dtype: edge.dtype });
  }

  // ---- tensors out

  /** An edge as a new tensor. */
  tensor(edge: Edge, dtype: DataType = dataTypeOf(edge.dtype)): TensorInfo {
    const produced = this.#produced(edge);
    return this.info(this.create({ kind: "pending", edge: produced }, edge.shape, elementType(dtype)), dtype);
  }

  /** Outputs of a graph come from its nodes, so what is fed or constant gets one. */
  #produced(edge: Edge): Edge {
    return edge.source.kind === "node" ? edge : this.node("Identity", [edge], edge);
  }

  /** An edge whose axes the tensor has in another order. */
  view(edge: Edge, axes: readonly number[]): TensorInfo {
    if (axes.every((axis, i) => axis === i)) return this.tensor(edge);
    const base = this.create({ kind: "pending", edge: this.#produced(edge) }, edge.shape, edge.dtype, false);
    return this.info(
      this.create(
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
    this.retain(base);
    if (axes.every((axis, i) => axis === i)) {
      if (base.visible) return this.info(base);
      base.visible = true;
      this.#visible += 1;
      return this.info(base);
    }
    return this.info(
      this.create(
        { kind: "view", base, axes },
        axes.map((axis) => base.shape[axis]!),
        base.dtype,
      ),
    );
  }

  /** The same data under another tensor, in another shape if one is given. */
  same(x: TensorInfo, shape: readonly number[] = x.shape): TensorInfo {
    this.retain(x.dataId as Value);
    return { dataId: x.dataId, shape: [...shape], dtype: x.dtype };
  }

  filled(number: number, shape: readonly number[], dtype: DataType): TensorInfo {
    return this.info(this.create({ kind: "uniform", number }, shape, elementType(dtype)), dtype);
  }

  /** Data that the host computed. */
  written(data: HostData, shape: readonly number[], dtype: DataType): TensorInfo {
    return this.info(this.create({ kind: "host", data }, shape, elementType(dtype)), dtype);
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
