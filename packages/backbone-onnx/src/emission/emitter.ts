/** What all parts of the emission share: the graph, the parameters it reads, and the shape of every map. */
import { kernelShape } from "@difftap/backbone";
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import type { GraphBuilder, Value } from "@difftap/onnx-graph";
import { type Build, WeightLayout } from "./weight-layout.js";

/** A map [N, channels, height, width]. */
export interface MapShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export const MICROSOFT = { domain: "com.microsoft" } as const;

export class Emitter {
  readonly layout = new WeightLayout();
  readonly #maps = new Map<Value, MapShape>();

  constructor(
    readonly graph: GraphBuilder,
    readonly parameterShapes: ReadonlyMap<string, readonly number[]>,
  ) {}

  /** Notes a map's shape. */
  map(value: Value, shape: MapShape): Value {
    this.#maps.set(value, shape);
    return value;
  }

  /** True for maps, false for embeddings. */
  isMap(value: Value): boolean {
    return this.#maps.has(value);
  }

  mapShape(value: Value): MapShape {
    const found = this.#maps.get(value);
    if (found !== undefined) return found;
    throw new DifftapError("USAGE_INVALID", `${value} is used as a map and is none`);
  }

  /** The shape of a parameter as `Ops.conv2d` sees it. */
  shapeOf(parameter: string): readonly number[] {
    const stored = this.parameterShapes.get(parameter);
    if (stored !== undefined) return kernelShape(stored);
    throw new DifftapError("WEIGHTS_MISMATCH", `the architecture has no parameter ${parameter}`);
  }

  /** A parameter as it is; read only when this was called. */
  parameter(name: string): Value {
    return this.folded(name, this.shapeOf(name), [name]);
  }

  /** A tensor made of parameters when they are loaded; the same name is the same tensor. */
  folded(name: string, shape: readonly number[], sources: readonly string[], build?: Build): Value {
    if (this.layout.has(name)) return name;
    const { place } = this.layout.place({ name, shape, sources, build });
    return this.graph.external(name, "float32", shape, place);
  }

  floats(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.graph.constant(ndarray("float32", shape, Float32Array.from(values)));
  }

  scalar(value: number): Value {
    return this.floats([value], []);
  }

  /** int64 vector, as shapes and axes are given. */
  integers(...values: number[]): Value {
    const array: NdArray = ndarray("int64", [values.length], BigInt64Array.from(values, BigInt));
    return this.graph.constant(array);
  }

  reshape(value: Value, ...shape: number[]): Value {
    return this.graph.node("Reshape", [value, this.integers(...shape)]);
  }
}
