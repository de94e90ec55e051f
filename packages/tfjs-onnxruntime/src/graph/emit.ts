/** A plan as an ONNX model. Feeds are inputs f0, f1 …, numbers that change are inputs n0, n1 …; outputs keep the plan's order. */
import { arrayTypes, type NdArray } from "@difftap/core";
import { createGraph, type GraphBuilder, type Value as Name } from "@difftap/onnx-graph";
import { BLOCKED } from "../runtime/channel-block.js";
import type { Edge, GraphNode } from "./edge.js";
import type { GraphPlan, NumberSlot } from "./plan.js";
import type { Value } from "./value.js";

/** The newest operator set that onnxruntime-node 1.30 runs whole. */
const OPSET = 21;

/** @param fed the numbers that are inputs, by their place; the others become constants. */
export function emitModel(plan: GraphPlan, fed: ReadonlySet<number>): Uint8Array {
  const emission = new Emission(plan, fed);
  for (const node of plan.nodes) emission.add(node);
  return emission.finish();
}

class Emission {
  readonly #graph: GraphBuilder = createGraph({
    name: "recorded",
    opset: OPSET,
    domains: { "com.microsoft": 1, [BLOCKED]: 1 },
  });
  readonly #names = new Map<GraphNode, readonly Name[]>();
  readonly #feeds = new Map<Value, Name>();
  readonly #plan: GraphPlan;
  readonly #fed: ReadonlySet<number>;
  #numbers = 0;

  constructor(plan: GraphPlan, fed: ReadonlySet<number>) {
    this.#plan = plan;
    this.#fed = fed;
    plan.feeds.forEach((value, place) => {
      this.#feeds.set(value, this.#graph.input(`f${place}`, value.dtype, value.shape));
    });
  }

  add(node: GraphNode): void {
    const { type, attributes, domain, outputs } = node;
    const inputs = node.inputs.map((edge) => this.#name(edge));
    const options = domain === "" ? {} : { domain };
    const names =
      outputs.length === 1
        ? [this.#graph.node(type, inputs, attributes, options)]
        : this.#graph.node(type, inputs, attributes, { ...options, outputs: outputs.length });
    this.#names.set(node, names);
  }

  finish(): Uint8Array {
    // Under their own names: ONNX Runtime 1.30 loses a value that it renames for an output while it folds a Pad that reads it.
    for (const { edge } of this.#plan.outputs) this.#graph.expose(this.#name(edge), edge.dtype, edge.shape);
    return this.#graph.encode();
  }

  #name({ source, dtype }: Edge): Name {
    switch (source.kind) {
      case "node":
        return this.#names.get(source.node)![source.output]!;
      case "value":
        return this.#feeds.get(source.value)!;
      case "constant":
        return this.#graph.constant(source.array);
      case "number":
        return this.#number({ number: source.number, dtype });
    }
  }

  /** Called in the order in which the plan counted them. */
  #number(slot: NumberSlot): Name {
    const place = this.#numbers;
    this.#numbers += 1;
    if (this.#fed.has(place)) return this.#graph.input(`n${place}`, slot.dtype, []);
    return this.#graph.constant(numberArray(slot));
  }
}

/** A rank-0 array. */
function numberArray({ number, dtype }: NumberSlot): NdArray {
  const data = new arrayTypes[dtype](1) as Float32Array;
  data[0] = number;
  return { dtype, shape: [], data };
}
