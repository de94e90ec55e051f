import { fromBinary } from "@bufbuild/protobuf";
import { ndarray } from "@difftap/core";
import { expect, test } from "vitest";
import { ModelProtoSchema } from "../src/generated/onnx_pb.js";
import { createGraph, dataTypeNumber, type GraphBuilder } from "../src/index.js";

const decode = (graph: GraphBuilder) => fromBinary(ModelProtoSchema, graph.encode());
const scalar = (value: number) => ndarray("float32", [], Float32Array.of(value));

test("inputs, nodes and outputs come back from the encoded model", () => {
  const graph = createGraph({ name: "double", opset: 20 });
  const x = graph.input("x", "uint8", ["batch", 3]);
  const cast = graph.node("Cast", [x], { to: dataTypeNumber("float32") });
  graph.output(graph.node("Mul", [cast, graph.constant(scalar(2))]), "y", "float32", ["batch", 3]);
  const model = decode(graph);
  expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([["", 20n]]);
  expect(model.graph?.node.map((node) => node.opType)).toEqual(["Cast", "Mul", "Identity"]);
  const shape = model.graph?.input[0]?.type?.value;
  expect(shape?.case === "tensorType" && shape.value.elemType).toBe(2);
  expect(shape?.case === "tensorType" && shape.value.shape?.dim.map((each) => each.value.value)).toEqual([
    "batch",
    3n,
  ]);
  expect(model.graph?.output.map((output) => output.name)).toEqual(["y"]);
});

test("a value can be an output under its own name, once", () => {
  const graph = createGraph({ name: "exposed" });
  const negated = graph.node("Neg", [graph.input("x", "float32", [2])]);
  graph.expose(negated, "float32", [2]);
  expect(() => graph.expose(negated, "float32", [2])).toThrow(/output of the graph already/);
  const { graph: decoded } = fromBinary(ModelProtoSchema, graph.encode());
  expect(decoded!.output.map(({ name }) => name)).toEqual([negated]);
  expect(decoded!.node.map(({ opType }) => opType)).toEqual(["Neg"]);
});

test("small equal constants are one initializer; another dtype or shape is another", () => {
  const graph = createGraph({ name: "constants" });
  const first = graph.constant(scalar(1));
  expect(graph.constant(scalar(1))).toBe(first);
  expect(graph.constant(scalar(2))).not.toBe(first);
  expect(graph.constant(ndarray("float32", [1], Float32Array.of(1)))).not.toBe(first);
  expect(graph.constant(ndarray("int32", [], Int32Array.of(1)))).not.toBe(first);
  const large = ndarray("float32", [2048]);
  expect(graph.constant(large)).not.toBe(graph.constant(large));
});

test("a constant is copied: changing the array afterwards changes nothing", () => {
  const graph = createGraph({ name: "copied" });
  const array = scalar(3);
  graph.output(graph.constant(array), "y", "float32", []);
  array.data[0] = 4;
  const raw = decode(graph).graph!.initializer[0]!.rawData;
  expect(new DataView(raw.buffer, raw.byteOffset).getFloat32(0, true)).toBe(3);
});

test("external initializers say file, offset and length", () => {
  const graph = createGraph({ name: "external" });
  const weight = graph.external("w", "float32", [2, 3], { location: "weights", offset: 64, length: 24 });
  graph.output(weight, "y", "float32", [2, 3]);
  const tensor = decode(graph).graph!.initializer[0]!;
  expect(tensor.externalData.map(({ key, value }) => [key, value])).toEqual([
    ["location", "weights"],
    ["offset", "64"],
    ["length", "24"],
  ]);
  expect(tensor.rawData.length).toBe(0);
});

test("every kind of attribute is written with its type", () => {
  const graph = createGraph({ name: "attributes" });
  const x = graph.input("x", "float32", [1]);
  const attributes = {
    whole: 3,
    big: 5n,
    wholes: [1, 2],
    text: "abc",
    fraction: { float: 0.5 },
    fractions: { floats: [0.5, 1] },
    tensor: scalar(7),
    absent: undefined,
  };
  graph.output(graph.node("Anything", [x], attributes), "y", "float32", [1]);
  const written = decode(graph).graph!.node[0]!.attribute;
  expect(written.map(({ name, type }) => [name, type])).toEqual([
    ["whole", 2],
    ["big", 2],
    ["wholes", 7],
    ["text", 3],
    ["fraction", 1],
    ["fractions", 6],
    ["tensor", 4],
  ]);
  expect(written[0]!.i).toBe(3n);
  expect(new TextDecoder().decode(written[3]!.s)).toBe("abc");
  expect(written[5]!.floats).toEqual([0.5, 1]);
});

test("several outputs get several names, and an omitted input stays empty", () => {
  const graph = createGraph({ name: "split" });
  const x = graph.input("x", "float32", [4]);
  const [first, second] = graph.node("Split", [x, ""], { num_outputs: 2 }, { outputs: 2, name: "half" });
  expect(first).not.toBe(second);
  graph.output(graph.node("Add", [first!, second!]), "y", "float32", [2]);
  expect(decode(graph).graph!.node[0]!.input).toEqual(["x", ""]);
});

test("a domain is imported when a node uses it, in the version declared", () => {
  const graph = createGraph({ name: "domain", domains: { "com.example": 4 } });
  const x = graph.input("x", "float32", [1]);
  graph.output(graph.node("Special", [x], {}, { domain: "com.example" }), "y", "float32", [1]);
  expect(decode(graph).opsetImport[1]).toMatchObject({ domain: "com.example", version: 4n });
  expect(() => graph.node("Other", [x], {}, { domain: "com.unknown" })).toThrow(/com\.unknown.*not declared/);
});

test.each<[string, (graph: GraphBuilder) => unknown, RegExp]>([
  ["an unknown input", (graph) => graph.node("Relu", ["nothing"]), /Relu reads nothing/],
  ["an unknown output", (graph) => graph.output("nothing", "y", "float32", []), /output reads nothing/],
  ["a name twice", (graph) => graph.input("x", "float32", []), /already has a value named x/],
  ["an empty name", (graph) => graph.input("", "float32", []), /empty name/],
  ["a fraction as an int", (graph) => graph.node("A", ["x"], { alpha: 0.5 }), /alpha is 0\.5/],
  ["no output", (graph) => graph.encode(), /no output/],
  [
    "an external length that does not fit",
    (graph) => graph.external("w", "float32", [2], { location: "f", offset: 0, length: 4 }),
    /needs 8 bytes, the location has 4/,
  ],
  ["a type that does not exist", () => dataTypeNumber("float8" as "float32"), /float8 is not/],
])("refuses %s", (_, act, message) => {
  const graph = createGraph({ name: "refusals" });
  graph.input("x", "float32", []);
  expect(() => act(graph)).toThrow(
    expect.objectContaining({ code: "USAGE_INVALID", message: expect.stringMatching(message) }),
  );
});
