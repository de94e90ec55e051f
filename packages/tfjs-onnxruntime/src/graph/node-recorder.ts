/** Adds nodes to the open graph, and constants; knows the few operations that every kernel needs. */
import type { DType, NdArray } from "@difftap/core";
import { type Edge, type GraphNode, type NodeSpec, nodeKey, sameShape } from "./edge.js";

export interface Output {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export class NodeRecorder {
  #serial = 0;
  #nodes = 0;
  readonly #integers = new Map<string, Edge>();

  /** Nodes recorded since the last run. */
  get size(): number {
    return this.#nodes;
  }

  /** Forgets what belongs to the graph that has just been handed over. */
  startAnew(): void {
    this.#nodes = 0;
  }

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
}
