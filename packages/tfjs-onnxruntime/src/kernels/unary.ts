/** One tensor in, one of the same shape out. */
import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import { type Kernel, kernel } from "../kernel.js";
import { type Elements, elementwise } from "./elementwise.js";

interface Attributes {
  readonly alpha: number;
  readonly clipValueMin: number;
  readonly clipValueMax: number;
}

type Formula = (elements: Elements, x: Edge, attributes: Attributes) => Edge;

/** ONNX has the operation under this name, for floats. */
const named =
  (type: string): Formula =>
  ({ op }, x) =>
    op(type, [x]);

/** For floats, whatever the tensor holds. */
const onFloats =
  (formula: Formula): Formula =>
  (elements, x, attributes) =>
    formula(elements, elements.cast(x, "float32"), attributes);

/** Whole numbers stay as they are. */
const wholeUnchanged =
  (formula: Formula): Formula =>
  (elements, x, attributes) =>
    x.dtype === "float32" ? formula(elements, x, attributes) : x;

/** ln(1+x) without losing small x: ln(u)·x/(u−1) with u = 1+x (Kahan's form), and x itself where u is 1. */
const log1p: Formula = ({ op, number }, x) => {
  const u = op("Add", [x, number(1)]);
  const ratio = op("Div", [x, op("Sub", [u, number(1)])]);
  const scaled = op("Mul", [op("Log", [u]), ratio]);
  const whole = op("Where", [op("IsInf", [u], { dtype: "bool" }), u, scaled], { dtype: "float32" });
  return op("Where", [op("Equal", [u, number(1)], { dtype: "bool" }), x, whole], { dtype: "float32" });
};

/** e^x − 1 without losing small x: (u−1)·x/ln(u) with u = e^x, and x itself where u is 1. */
const expm1: Formula = ({ op, number }, x) => {
  const u = op("Exp", [x]);
  const below = op("Sub", [u, number(1)]);
  const scaled = op("Div", [op("Mul", [below, x]), op("Log", [u])]);
  const outside = op(
    "Or",
    [op("IsInf", [u], { dtype: "bool" }), op("Equal", [u, number(0)], { dtype: "bool" })],
    { dtype: "bool" },
  );
  const large = op("Where", [outside, below, scaled], { dtype: "float32" });
  return op("Where", [op("Equal", [u, number(1)], { dtype: "bool" }), x, large], { dtype: "float32" });
};

const step: Formula = ({ op, number, cast }, x, { alpha }) => {
  const positive = op("Greater", [x, number(0, x.dtype)], { dtype: "bool" });
  const other = op(
    "Where",
    [op("IsNaN", [cast(x, "float32")], { dtype: "bool" }), cast(x, "float32"), number(alpha)],
    { dtype: "float32" },
  );
  return cast(op("Where", [positive, number(1), other], { dtype: "float32" }), x.dtype);
};

const selu: Formula = ({ op, number }, x) => {
  const negative = op("Mul", [
    op("Sub", [op("Exp", [op("Min", [x, number(0)])]), number(1)]),
    number(backend_util.SELU_SCALEALPHA),
  ]);
  return op(
    "Where",
    [
      op("GreaterOrEqual", [x, number(0)], { dtype: "bool" }),
      op("Mul", [x, number(backend_util.SELU_SCALE)]),
      negative,
    ],
    { dtype: "float32" },
  );
};

/** max(x, 0) + ln(1 + e^−|x|): never overflows. */
const softplus: Formula = (elements, x, attributes) => {
  const { op, number } = elements;
  const tail = log1p(elements, op("Exp", [op("Neg", [op("Abs", [x])])]), attributes);
  return op("Add", [op("Max", [x, number(0)]), tail]);
};

const clip: Formula = ({ op, number, cast }, x, { clipValueMin, clipValueMax }) => {
  const type = x.dtype === "int32" ? "int32" : "float32";
  const [low, high] =
    type === "int32" ? [Math.ceil(clipValueMin), Math.floor(clipValueMax)] : [clipValueMin, clipValueMax];
  return op("Min", [op("Max", [cast(x, type), number(low, type)]), number(high, type)]);
};

/** What is no number has no sign: 0, as TensorFlow.js has it. */
const sign: Formula = ({ op, number }, x) => {
  if (x.dtype !== "float32") return op("Sign", [x]);
  return op("Where", [op("IsNaN", [x], { dtype: "bool" }), number(0), op("Sign", [x])], { dtype: "float32" });
};

const isKind =
  (type: string): Formula =>
  ({ op, cast }, x) =>
    op(type, [cast(x, "float32")], { dtype: "bool" });

const formulas: Readonly<Record<string, Formula>> = {
  Abs: named("Abs"),
  Acos: onFloats(named("Acos")),
  Acosh: onFloats(named("Acosh")),
  Asin: onFloats(named("Asin")),
  Asinh: onFloats(named("Asinh")),
  Atan: onFloats(named("Atan")),
  Atanh: onFloats(named("Atanh")),
  Ceil: wholeUnchanged(named("Ceil")),
  ClipByValue: clip,
  Cos: onFloats(named("Cos")),
  Cosh: onFloats(named("Cosh")),
  Elu: onFloats(named("Elu")),
  Erf: onFloats(named("Erf")),
  Exp: ({ op, cast }, x) =>
    x.dtype === "float32" ? op("Exp", [x]) : cast(op("Exp", [cast(x, "float64")]), "float32"),
  Expm1: onFloats(expm1),
  Floor: wholeUnchanged(named("Floor")),
  IsFinite: ({ op, cast }, x) => {
    const float = cast(x, "float32");
    const either = op("Or", [
      op("IsNaN", [float], { dtype: "bool" }),
      op("IsInf", [float], { dtype: "bool" }),
    ]);
    return op("Not", [either]);
  },
  IsInf: isKind("IsInf"),
  IsNan: isKind("IsNaN"),
  LeakyRelu: ({ op, cast }, x, { alpha }) =>
    op("LeakyRelu", [cast(x, "float32")], { attributes: { alpha: { float: alpha } } }),
  Log: onFloats(named("Log")),
  Log1p: onFloats(log1p),
  LogicalNot: ({ op, cast }, x) => op("Not", [cast(x, "bool")]),
  Neg: named("Neg"),
  Reciprocal: onFloats(named("Reciprocal")),
  Relu: ({ op, cast }, x) => (x.dtype === "bool" ? op("Relu", [cast(x, "float32")]) : op("Relu", [x])),
  Relu6: ({ op, number, cast }, x) => {
    const float = cast(x, "float32");
    return cast(op("Min", [op("Max", [float, number(0)]), number(6)]), x.dtype);
  },
  Round: wholeUnchanged(named("Round")),
  Rsqrt: onFloats(({ op }, x) => op("Reciprocal", [op("Sqrt", [x])])),
  Selu: onFloats(selu),
  Sigmoid: onFloats(named("Sigmoid")),
  Sign: sign,
  Sin: onFloats(named("Sin")),
  Sinh: onFloats(named("Sinh")),
  Softplus: onFloats(softplus),
  Sqrt: onFloats(named("Sqrt")),
  Square: ({ op }, x) => op("Mul", [x, x]),
  Step: step,
  Tan: onFloats(named("Tan")),
  Tanh: onFloats(named("Tanh")),
};

export const unaryKernels: readonly Kernel[] = Object.entries(formulas).map(([name, formula]) =>
  kernel<{ x: TensorInfo }, Attributes>(name, (graph, { x }, attributes) =>
    elementwise(graph, [x], (elements, edge) => formula(elements, edge, attributes)),
  ),
);
