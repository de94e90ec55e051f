/**
 * Builds an ONNX model in memory, value by value.
 *
 * ```ts
 * import { ndarray } from "@difftap/core";
 * import { createGraph } from "@difftap/onnx-graph";
 *
 * const graph = createGraph({ name: "double" });
 * const x = graph.input("x", "float32", ["batch", 3]);
 * const two = graph.constant(ndarray("float32", [], Float32Array.of(2)));
 * graph.output(graph.node("Mul", [x, two]), "y", "float32", ["batch", 3]);
 * const bytes = graph.encode();
 * ```
 *
 * Source: the ONNX intermediate representation (onnx.proto, docs/IR.md of onnx/onnx).
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { bytesOf, DifftapError, type DType, type NdArray } from "@difftap/core";
import { type Attribute, type Attributes, attributeProto } from "./attributes.js";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from "./generated/onnx_pb.js";
import type { GraphOptions, NodeOptions } from "./options.js";
import { type ExternalLocation, externalTensor, inlineTensor } from "./tensors.js";
import { type Dimension, type Value, valueInfo } from "./values.js";

const DEFAULT_OPSET = 21;
/** Version 10 of the intermediate representation came with operator set 21; every runtime since 2024 reads it. */
const IR_VERSION = 10n;
/** Constants up to this size are looked up before they are added again. */
const DEDUPLICATED_BYTES = 4096;

export class GraphBuilder {
  readonly #options: Required<GraphOptions>;
  readonly #known = new Set<Value>();
  readonly #constants = new Map<string, Value>();
  readonly #usedDomains = new Set<string>();
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  #serial = 0;

  constructor(options: GraphOptions) {
    this.#options = { opset: DEFAULT_OPSET, domains: { "com.microsoft": 1 }, ...options };
  }

  /** Number of nodes so far. */
  get size(): number {
    return this.#nodes.length;
  }

  /**
   * Declares what is fed at each run.
   * @throws DifftapError USAGE_INVALID when the name is taken.
   */
  input(name: string, dtype: DType, shape: readonly Dimension[]): Value {
    this.#claim(name);
    this.#inputs.push(valueInfo(name, dtype, shape));
    return name;
  }

  /** Adds a constant whose bytes lie in the model (copied); a small equal one is used again. */
  constant(array: NdArray, hint = "constant"): Value {
    const key = constantKey(array);
    const existing = key === undefined ? undefined : this.#constants.get(key);
    if (existing !== undefined) return existing;
    const name = this.#freshName(hint);
    this.#initializers.push(inlineTensor(name, array));
    if (key !== undefined) this.#constants.set(key, name);
    return name;
  }

  /**
   * Adds a constant whose bytes lie outside the model.
   * @throws DifftapError USAGE_INVALID when the name is taken or the length does not fit the shape.
   */
  external(name: string, dtype: DType, shape: readonly number[], place: ExternalLocation): Value {
    this.#claim(name);
    this.#initializers.push(externalTensor(name, dtype, shape, place));
    return name;
  }

  /**
   * Adds a node and returns its output, or its outputs when more than one is asked for. An input "" is left out.
   * @throws DifftapError USAGE_INVALID for an input that no one has made, or a domain that is not declared.
   */
  node(
    type: string,
    inputs: readonly Value[],
    attributes?: Attributes,
    options?: NodeOptions & { outputs?: 1 },
  ): Value;
  node(
    type: string,
    inputs: readonly Value[],
    attributes: Attributes | undefined,
    options: NodeOptions & { outputs: number },
  ): Value[];
  node(
    type: string,
    inputs: readonly Value[],
    attributes: Attributes = {},
    options: NodeOptions & { outputs?: number } = {},
  ): Value | Value[] {
    const { domain = "", name = type, outputs = 1 } = options;
    this.#checkInputs(type, inputs);
    this.#useDomain(type, domain);
    const produced = Array.from({ length: outputs }, () => this.#freshName(name));
    this.#nodes.push(
      create(NodeProtoSchema, {
        name: produced[0] ?? "",
        opType: type,
        domain,
        input: [...inputs],
        output: produced,
        attribute: given(attributes).map(([key, value]) => attributeProto(key, value)),
      }),
    );
    return outputs === 1 ? produced[0]! : produced;
  }

  /**
   * Makes a value an output of the graph under a name of its own.
   * @throws DifftapError USAGE_INVALID when the value is unknown or the name is taken.
   */
  output(value: Value, name: string, dtype: DType, shape: readonly Dimension[]): void {
    this.#checkInputs("output", [value]);
    this.#claim(name);
    this.#nodes.push(create(NodeProtoSchema, { name, opType: "Identity", input: [value], output: [name] }));
    this.#outputs.push(valueInfo(name, dtype, shape));
  }

  /**
   * Makes what a node gives an output of the graph under the name it has: `output` without the copy of a name. Outputs keep their order.
   * @throws DifftapError USAGE_INVALID when the value is unknown, or an output already.
   */
  expose(value: Value, dtype: DType, shape: readonly Dimension[]): void {
    this.#checkInputs("output", [value]);
    if (this.#outputs.some(({ name }) => name === value)) {
      throw new DifftapError("USAGE_INVALID", `${value} is an output of the graph already`);
    }
    this.#outputs.push(valueInfo(value, dtype, shape));
  }

  /**
   * The model as protobuf bytes.
   * @throws DifftapError USAGE_INVALID when the graph has no output.
   */
  encode(): Uint8Array {
    if (this.#outputs.length === 0) {
      throw new DifftapError("USAGE_INVALID", `graph ${this.#options.name} has no output`, {
        hint: "call output(value, name, dtype, shape) before encode()",
      });
    }
    const graph = create(GraphProtoSchema, {
      name: this.#options.name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: this.#inputs,
      output: this.#outputs,
    });
    const model = { irVersion: IR_VERSION, producerName: "difftap", opsetImport: this.#opsets(), graph };
    return toBinary(ModelProtoSchema, create(ModelProtoSchema, model));
  }

  #opsets() {
    const versions: [string, number][] = [["", this.#options.opset]];
    for (const domain of this.#usedDomains) versions.push([domain, this.#options.domains[domain]!]);
    return versions.map(([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    );
  }

  #checkInputs(type: string, inputs: readonly Value[]): void {
    const unknown = inputs.filter((value) => value !== "" && !this.#known.has(value));
    if (unknown.length === 0) return;
    throw new DifftapError(
      "USAGE_INVALID",
      `${type} reads ${unknown.join(", ")}, which the graph has not made`,
      {
        hint: "values come from input, constant, external or node of the same graph",
        details: { unknown },
      },
    );
  }

  #useDomain(type: string, domain: string): void {
    if (domain === "") return;
    if (this.#options.domains[domain] === undefined) {
      throw new DifftapError(
        "USAGE_INVALID",
        `${type} is of domain ${domain}, whose version is not declared`,
        {
          hint: `createGraph({ domains: { "${domain}": 1 } })`,
        },
      );
    }
    this.#usedDomains.add(domain);
  }

  #claim(name: string): void {
    if (name === "") throw new DifftapError("USAGE_INVALID", "a value of the graph has an empty name");
    if (this.#known.has(name)) {
      throw new DifftapError("USAGE_INVALID", `the graph already has a value named ${name}`);
    }
    this.#known.add(name);
  }

  #freshName(prefix: string): Value {
    let name: Value;
    do {
      this.#serial += 1;
      name = `${prefix}_${this.#serial}`;
    } while (this.#known.has(name));
    this.#known.add(name);
    return name;
  }
}

/** Starts an empty graph. */
export function createGraph(options: GraphOptions): GraphBuilder {
  return new GraphBuilder(options);
}

function constantKey(array: NdArray): string | undefined {
  const bytes = bytesOf(array);
  if (bytes.byteLength > DEDUPLICATED_BYTES) return undefined;
  return `${array.dtype}[${array.shape.join(",")}]${Buffer.from(bytes).toString("base64")}`;
}

function given(attributes: Attributes): [string, Attribute][] {
  return Object.entries(attributes).filter((entry): entry is [string, Attribute] => entry[1] !== undefined);
}
