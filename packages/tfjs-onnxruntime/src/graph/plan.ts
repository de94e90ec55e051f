/** From what is recorded to what is run: the nodes that live values need, in order, and the signature by which the graph is known again. */
import type { DType, NdArray } from "@difftap/core";
import { bytesOf, bytesPerElement, elementCount } from "@difftap/core";
import type { Edge, GraphNode } from "./edge.js";
import type { Value } from "./value.js";

/** A number of the host in the graph. */
export interface NumberSlot {
  readonly number: number;
  readonly dtype: DType;
}

interface OutputSlot {
  readonly edge: Edge;
  /** All values that this edge is. */
  readonly values: readonly Value[];
}

export interface GraphPlan {
  readonly nodes: readonly GraphNode[];
  /** Fed at each run, in this order. */
  readonly feeds: readonly Value[];
  readonly numbers: readonly NumberSlot[];
  readonly outputs: readonly OutputSlot[];
  /** The same for graphs that differ in nothing but data and numbers. */
  readonly signature: string;
}

/** Plans all that the values need. Values that are not pending are left alone. */
export function planGraph(values: Iterable<Value>): GraphPlan {
  const outputs = collectOutputs(values);
  const nodes = collectNodes(outputs.map(({ edge }) => edge));
  const signer = new Signer();
  for (const node of nodes) signer.add(node);
  const signature = signer.finish(outputs);
  return {
    nodes,
    outputs,
    signature,
    feeds: signer.feeds,
    numbers: signer.numbers,
  };
}

function collectOutputs(values: Iterable<Value>): OutputSlot[] {
  const slots = new Map<string, { edge: Edge; values: Value[] }>();
  for (const value of values) {
    if (value.state.kind !== "pending") continue;
    const { edge } = value.state;
    const { source } = edge;
    const key = source.kind === "node" ? `${source.node.serial}.${source.output}` : "";
    const slot = slots.get(key) ?? { edge, values: [] };
    slots.set(key, slot);
    slot.values.push(value);
  }
  return [...slots.values()];
}

function collectNodes(edges: readonly Edge[]): GraphNode[] {
  const found = new Set<GraphNode>();
  const waiting = [...edges];
  for (let edge = waiting.pop(); edge !== undefined; edge = waiting.pop()) {
    if (edge.source.kind !== "node" || found.has(edge.source.node)) continue;
    found.add(edge.source.node);
    for (const input of edge.source.node.inputs) waiting.push(input);
  }
  return [...found].sort((a, b) => a.serial - b.serial);
}

/** Writes the signature, numbering nodes, feeds and numbers as they appear. */
class Signer {
  readonly feeds: Value[] = [];
  readonly numbers: NumberSlot[] = [];
  readonly #places = new Map<GraphNode, number>();
  readonly #feedPlaces = new Map<Value, number>();
  readonly #parts: string[] = [];

  add(node: GraphNode): void {
    const inputs = node.inputs.map((edge) => this.#reference(edge));
    this.#parts.push(`${node.key}(${inputs.join()})`);
    this.#places.set(node, this.#places.size);
  }

  finish(outputs: readonly OutputSlot[]): string {
    return `${this.#parts.join("\n")}\n=${outputs.map(({ edge }) => this.#reference(edge)).join()}`;
  }

  #reference({ source, dtype }: Edge): string {
    switch (source.kind) {
      case "node":
        return `${this.#places.get(source.node)}.${source.output}`;
      case "value":
        return this.#feed(source.value);
      case "constant":
        return constantKey(source.array);
      case "number":
        this.numbers.push({ number: source.number, dtype });
        return `#${dtype}`;
    }
  }

  #feed(value: Value): string {
    const known = this.#feedPlaces.get(value);
    if (known !== undefined) return `$${known}`;
    const place = this.feeds.push(value) - 1;
    this.#feedPlaces.set(value, place);
    return `$${place}:${value.dtype}[${value.shape.join()}]`;
  }
}

const constantKeys = new WeakMap<NdArray, string>();

/** Equal for equal content. Constants are shapes, axes, small tables: their bytes are the key. */
function constantKey(array: NdArray): string {
  const known = constantKeys.get(array);
  if (known !== undefined) return known;
  const key = `${array.dtype}[${array.shape.join()}]${Buffer.from(bytesOf(array)).toString("base64")}`;
  constantKeys.set(array, key);
  return key;
}

/** Bytes of everything between inputs and outputs when the most of it is alive. */
export function peakBytes({ nodes, outputs }: GraphPlan): number {
  const lastUse = new Map<GraphNode, number>();
  nodes.forEach((node, place) => {
    for (const { source } of node.inputs) if (source.kind === "node") lastUse.set(source.node, place);
  });
  for (const { edge } of outputs) if (edge.source.kind === "node") lastUse.delete(edge.source.node);
  const ends = new Map<number, number>();
  let alive = 0;
  let peak = 0;
  nodes.forEach((node, place) => {
    const bytes = node.outputs.reduce(
      (sum, { shape, dtype }) => sum + elementCount(shape) * bytesPerElement(dtype),
      0,
    );
    alive += bytes;
    peak = Math.max(peak, alive);
    const end = lastUse.get(node);
    if (end !== undefined) ends.set(end, (ends.get(end) ?? 0) + bytes);
    alive -= ends.get(place) ?? 0;
  });
  return peak;
}
