/** Two tensors that broadcast with each other. */
import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { type Edge, sameShape } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { type Elements, elementwise } from "./elementwise.js";

interface Operands {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
}

type Formula = (elements: Elements, a: Edge, b: Edge) => Edge;

/** ONNX's arithmetic has no booleans: they count as whole numbers. */
const arithmetic =
  (type: string): Formula =>
  ({ op, cast }, a, b) => {
    if (a.dtype !== "bool") return op(type, [a, b]);
    return cast(op(type, [cast(a, "int32"), cast(b, "int32")]), "bool");
  };

const comparison =
  (type: string): Formula =>
  ({ op, cast }, a, b) => {
    if (a.dtype !== "bool" || type === "Equal") return op(type, [a, b], { dtype: "bool" });
    return op(type, [cast(a, "int32"), cast(b, "int32")], { dtype: "bool" });
  };

const logical =
  (type: string): Formula =>
  ({ op, cast }, a, b) =>
    op(type, [cast(a, "bool"), cast(b, "bool")]);

const extreme =
  (type: "Max" | "Min"): Formula =>
  (elements, a, b) => {
    const { op, cast } = elements;
    if (a.dtype === "bool") return cast(op(type, [cast(a, "int32"), cast(b, "int32")]), "bool");
    return op(type, [a, b]);
  };

const divide: Formula = ({ op, cast }, a, b) => {
  if (a.dtype === "float32") return op("Div", [a, b]);
  return cast(op("Div", [cast(a, "float32"), cast(b, "float32")]), a.dtype);
};

/** Rounds towards minus infinity, also for whole numbers. */
const floorDivide: Formula = ({ op, cast }, a, b) => {
  const quotient = op("Div", [cast(a, "float64"), cast(b, "float64")]);
  return cast(op("Floor", [quotient]), a.dtype);
};

/** The sign is the divisor's. */
const modulo: Formula = ({ op, number, cast }, a, b) => {
  if (a.dtype !== "float32") return op("Mod", [a, b]);
  const rest = op("Mod", [a, b], { attributes: { fmod: 1 } });
  const negative = (edge: Edge) => op("Less", [edge, number(0)], { dtype: "bool" });
  const opposite = op("Xor", [negative(a), negative(b)]);
  const shifted = op("Mod", [op("Add", [rest, b]), b], { attributes: { fmod: 1 } });
  return cast(op("Where", [opposite, shifted, rest], { dtype: "float32" }), "float32");
};

const power: Formula = ({ op, cast }, a, b) => {
  if (a.dtype === "float32") return op("Pow", [a, b]);
  return cast(op("Pow", [cast(a, "float64"), cast(b, "float64")]), a.dtype);
};

/** The quadrant from both signs; the quotient may be infinite. */
const arcTangent: Formula = ({ op, number }, y, x) => {
  const half = op("Atan", [op("Div", [y, x])]);
  const where = (condition: Edge, yes: Edge, no: Edge) =>
    op("Where", [condition, yes, no], { dtype: "float32" });
  const less = (edge: Edge) => op("Less", [edge, number(0)], { dtype: "bool" });
  const zero = (edge: Edge) => op("Equal", [edge, number(0)], { dtype: "bool" });
  const turned = where(less(y), op("Sub", [half, number(Math.PI)]), op("Add", [half, number(Math.PI)]));
  const quadrant = where(less(x), turned, half);
  const upright = op("Mul", [op("Sign", [y]), number(Math.PI / 2)]);
  return where(zero(x), upright, quadrant);
};

const squaredDifference: Formula = ({ op }, a, b) => {
  const difference = op("Sub", [a, b]);
  return op("Mul", [difference, difference]);
};

const prelu: Formula = ({ op, number, cast }, x, alpha) => {
  const float = cast(x, "float32");
  return op(
    "Where",
    [op("Less", [float, number(0)], { dtype: "bool" }), op("Mul", [float, cast(alpha, "float32")]), float],
    { dtype: "float32" },
  );
};

/** From the output y of Elu: dy where y ≥ 0, dy·(y+1) below. */
const eluGradient: Formula = ({ op, number }, dy, y) => {
  const slope = op("Add", [op("Min", [y, number(0)]), number(1)]);
  return op("Mul", [dy, slope]);
};

const formulas: Readonly<Record<string, Formula>> = {
  Atan2: arcTangent,
  BitwiseAnd: ({ op }, a, b) => op("BitwiseAnd", [a, b]),
  Equal: comparison("Equal"),
  FloorDiv: floorDivide,
  Greater: comparison("Greater"),
  GreaterEqual: comparison("GreaterOrEqual"),
  Less: comparison("Less"),
  LessEqual: comparison("LessOrEqual"),
  LogicalAnd: logical("And"),
  LogicalOr: logical("Or"),
  LogicalXor: logical("Xor"),
  Maximum: extreme("Max"),
  Minimum: extreme("Min"),
  Mod: modulo,
  NotEqual: (elements, a, b) => elements.op("Not", [comparison("Equal")(elements, a, b)]),
  Pow: power,
  SquaredDifference: squaredDifference,
};

/** Operations that may leave one operand as it is: adding nothing, multiplying by one. Gradients are full of them. */
const neutral: Readonly<
  Record<string, { readonly number: number; readonly left: boolean; readonly formula: Formula }>
> = {
  Add: { number: 0, left: true, formula: arithmetic("Add") },
  Sub: { number: 0, left: false, formula: arithmetic("Sub") },
  Multiply: { number: 1, left: true, formula: arithmetic("Mul") },
  RealDiv: { number: 1, left: false, formula: divide },
};

function unchanged(graph: Recorder, name: string, { a, b }: Operands): TensorInfo | undefined {
  const { number, left } = neutral[name]!;
  const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const isNeutral = (x: TensorInfo) => isFixed(x) && graph.uniform(x) === number;
  if (isNeutral(b) && sameShape(a.shape, shape)) return graph.same(a);
  if (left && isNeutral(a) && sameShape(b.shape, shape)) return graph.same(b);
  return undefined;
}

/** A rank-0 number may be another one at the next step, and with it the graph: only filled tensors are looked through. */
function isFixed({ shape }: TensorInfo): boolean {
  return shape.length > 0;
}

const between = (name: string, formula: Formula) =>
  kernel<Operands>(name, (graph, inputs) => {
    const same = name in neutral ? unchanged(graph, name, inputs) : undefined;
    return same ?? elementwise(graph, [inputs.a, inputs.b], formula);
  });

export const binaryKernels: readonly Kernel[] = [
  ...Object.entries(formulas).map(([name, formula]) => between(name, formula)),
  ...Object.entries(neutral).map(([name, { formula }]) => between(name, formula)),
  kernel<{ x: TensorInfo; alpha: TensorInfo }>("Prelu", (graph, { x, alpha }) =>
    elementwise(graph, [x, alpha], prelu),
  ),
  kernel<{ dy: TensorInfo; y: TensorInfo }>("EluGrad", (graph, { dy, y }) =>
    elementwise(graph, [dy, y], eluGradient),
  ),
];
