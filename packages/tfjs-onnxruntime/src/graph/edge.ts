/** The recorded graph: nodes that ONNX Runtime will run, and the edges between them. Nothing here computes. */
import type { DType, NdArray } from "@difftap/core";
import type { Attributes } from "@difftap/onnx-graph";
import type { Value } from "./value.js";

/** A tensor that is not there yet: one output of a node, a value fed to the graph, or a constant in it. */
export interface Edge {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly source: Source;
}

type Source =
  | { readonly kind: "node"; readonly node: GraphNode; readonly output: number }
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "constant"; readonly array: NdArray }
  /** A number given by the host: part of the graph until it is seen to change, then fed. */
  | { readonly kind: "number"; readonly number: number };

export interface GraphNode {
  /** Order of recording: inputs always come before. */
  readonly serial: number;
  readonly type: string;
  readonly domain: string;
  readonly attributes: Attributes;
  readonly inputs: readonly Edge[];
  readonly outputs: readonly { readonly shape: readonly number[]; readonly dtype: DType }[];
  /** What makes two nodes the same work, inputs aside. */
  readonly key: string;
}

export interface NodeSpec {
  readonly attributes?: Attributes;
  readonly domain?: string;
}

/** Everything of a node that decides what it computes, but for its inputs. */
export function nodeKey(
  type: string,
  { domain = "", attributes = {} }: NodeSpec,
  outputs: GraphNode["outputs"],
): string {
  const parts = outputs.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`);
  const given = Object.keys(attributes).length === 0 ? "" : JSON.stringify(attributes);
  return `${domain}:${type}${given}>${parts.join("+")}`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}
