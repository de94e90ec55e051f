/**
 * The U-Net's operations as nodes of an ONNX graph. A value is a name; names of parameters stand for themselves.
 *
 * Some results are only noted and take the form that their user wants: a normalisation (whose affine map joins
 * scale and shift, or a 1×1 convolution), a doubled map (which a 3×3 convolution need not see), a projection of the
 * embedding.
 */
import type { AttentionOrder, Ops } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import type { Value } from "@difftap/onnx-graph";
import { emitAttention } from "./attention.js";
import { emitDoubledConvolution } from "./doubled-convolution.js";
import { type Emitter, MICROSOFT } from "./emitter.js";
import { conditionedAffine, emitHalves, normedPointwise, type Projection } from "./joined-layers.js";
import { emitNormalized, emitStandardized, type Normalization, ownAffine } from "./normalization.js";
import { emitTimestepEmbedding } from "./timestep-embedding.js";

type Deferred =
  | ({ readonly kind: "norm" } & Normalization)
  | { readonly kind: "doubled"; readonly input: Value }
  | ({ readonly kind: "projection" } & Projection)
  | { readonly kind: "half"; readonly of: Value; readonly index: 0 | 1 };

export interface OnnxOpsOptions {
  /** All samples of a run share one timestep and there are no labels, so embeddings have one row. */
  readonly sharedEmbedding: boolean;
}

export class OnnxOps implements Ops<Value> {
  readonly #deferred = new Map<Value, Deferred>();
  readonly #settled = new Map<Value, Value>();

  constructor(
    readonly emitter: Emitter,
    readonly options: OnnxOpsOptions,
  ) {}

  weight(name: string): Value {
    return name;
  }

  conv2d(x: Value, weight: Value, bias: Value | null, options: { stride: 1 | 2; padding: 0 | 1 }): Value {
    const origin = this.#deferred.get(x);
    const [, , side] = this.emitter.shapeOf(weight);
    if (bias !== null && origin?.kind === "doubled" && side === 3 && options.stride === 1) {
      return emitDoubledConvolution(this.emitter, origin.input, weight, bias);
    }
    if (bias !== null && origin?.kind === "norm" && side === 1) {
      const folded = normedPointwise(this.emitter, origin, weight, bias);
      return this.#convolution(emitStandardized(this.emitter, origin.input), weight, folded, options);
    }
    const kernel = this.emitter.parameter(weight);
    const inputs = bias === null ? [kernel] : [kernel, this.emitter.parameter(bias)];
    return this.#convolution(this.settle(x), weight, inputs, options);
  }

  linear(x: Value, weight: Value, bias: Value): Value {
    return this.#defer({ kind: "projection", input: x, weight, bias });
  }

  groupNorm(x: Value, weight: Value, bias: Value): Value {
    const input = this.settle(x);
    const name = this.#defer({ kind: "norm", input, weight, bias });
    return this.emitter.map(name, this.emitter.mapShape(input));
  }

  scaleShift(x: Value, scale: Value, shift: Value): Value {
    const norm = this.#deferred.get(x);
    const half = this.#deferred.get(scale);
    const projection = half?.kind === "half" ? this.#deferred.get(half.of) : undefined;
    if (norm?.kind !== "norm" || projection?.kind !== "projection") {
      throw new DifftapError("UNSUPPORTED", `scale and shift of ${x} by ${scale} and ${shift}`, {
        hint: "they act on a normalisation, and are halves of one projection of the embedding",
      });
    }
    const row = { ...projection, input: this.settle(projection.input) };
    const affine = conditionedAffine(this.emitter, norm, row, this.options.sharedEmbedding);
    return emitNormalized(this.emitter, norm.input, affine);
  }

  silu(x: Value): Value {
    const settled = this.settle(x);
    return this.#like(
      settled,
      this.emitter.graph.node("QuickGelu", [settled], { alpha: { float: 1 } }, MICROSOFT),
    );
  }

  add(a: Value, b: Value): Value {
    const [first, second] = [this.settle(a), this.settle(b)];
    return this.#like(first, this.emitter.graph.node("Add", [first, second]));
  }

  addPerChannel(x: Value, v: Value): Value {
    const map = this.settle(x);
    const { channels } = this.emitter.mapShape(map);
    const rows = this.emitter.reshape(this.settle(v), -1, channels, 1, 1);
    return this.#like(map, this.emitter.graph.node("Add", [map, rows]));
  }

  splitChannels(x: Value): [Value, Value] {
    return [this.#defer({ kind: "half", of: x, index: 0 }), this.#defer({ kind: "half", of: x, index: 1 })];
  }

  concatChannels(a: Value, b: Value): Value {
    const [first, second] = [this.settle(a), this.settle(b)];
    const shape = this.emitter.mapShape(first);
    const channels = shape.channels + this.emitter.mapShape(second).channels;
    const joined = this.emitter.graph.node("Concat", [first, second], { axis: 1 });
    return this.emitter.map(joined, { ...shape, channels });
  }

  averagePool2(x: Value): Value {
    const input = this.settle(x);
    const { channels, height, width } = this.emitter.mapShape(input);
    const pooled = this.emitter.graph.node("AveragePool", [input], { kernel_shape: [2, 2], strides: [2, 2] });
    return this.emitter.map(pooled, { channels, height: height / 2, width: width / 2 });
  }

  upsampleNearest2(x: Value): Value {
    const input = this.settle(x);
    const { channels, height, width } = this.emitter.mapShape(input);
    const shape = { channels, height: 2 * height, width: 2 * width };
    return this.emitter.map(this.#defer({ kind: "doubled", input }), shape);
  }

  attention(qkv: Value, options: { heads: number; order: AttentionOrder }): Value {
    return emitAttention(this.emitter, this.settle(qkv), options);
  }

  timestepEmbedding(timesteps: Value, width: number): Value {
    return emitTimestepEmbedding(this.emitter, timesteps, width);
  }

  embedding(labels: Value, table: Value): Value {
    return this.emitter.graph.node("Gather", [this.emitter.parameter(table), labels], { axis: 0 });
  }

  dropout(x: Value): Value {
    return x;
  }

  /** The value as a node's output, emitted now if it was only noted. */
  settle(x: Value): Value {
    const origin = this.#deferred.get(x);
    if (origin === undefined) return x;
    const known = this.#settled.get(x);
    if (known !== undefined) return known;
    const value = this.#like(x, this.#plain(origin));
    this.#settled.set(x, value);
    return value;
  }

  #plain(origin: Deferred): Value {
    const { emitter } = this;
    switch (origin.kind) {
      case "norm":
        return emitNormalized(emitter, origin.input, ownAffine(emitter, origin));
      case "doubled":
        return this.#resize(origin.input);
      case "projection": {
        const parameters = [emitter.parameter(origin.weight), emitter.parameter(origin.bias)];
        return emitter.graph.node("Gemm", [this.settle(origin.input), ...parameters], { transB: 1 });
      }
      case "half":
        return emitHalves(emitter, this.settle(origin.of), 1)[origin.index];
    }
  }

  #resize(input: Value): Value {
    const scales = this.emitter.floats([1, 1, 2, 2]);
    const attributes = {
      mode: "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    };
    return this.emitter.graph.node("Resize", [input, "", scales], attributes);
  }

  #convolution(
    x: Value,
    weight: string,
    parameters: readonly Value[],
    { stride, padding }: { stride: 1 | 2; padding: 0 | 1 },
  ): Value {
    const { height, width } = this.emitter.mapShape(x);
    const [channels, , ...kernel] = this.emitter.shapeOf(weight) as [number, number, number, number];
    const pads = [padding, padding, padding, padding];
    const attributes = { kernel_shape: kernel, strides: [stride, stride], pads };
    const output = this.emitter.graph.node("Conv", [x, ...parameters], attributes);
    return this.emitter.map(output, { channels, height: height / stride, width: width / stride });
  }

  #defer(deferred: Deferred): Value {
    const name = `deferred ${this.#deferred.size + 1}`;
    this.#deferred.set(name, deferred);
    return name;
  }

  /** Gives `value` the shape of `model`, where that is a map. */
  #like(model: Value, value: Value): Value {
    return this.emitter.isMap(model) ? this.emitter.map(value, this.emitter.mapShape(model)) : value;
  }
}
