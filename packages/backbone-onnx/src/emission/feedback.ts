/**
 * A trained feedback module as nodes: batch norm takes part in the convolution before it, and the result is resized to the map that it
 * is added to. Source: arXiv 2311.17921, section 3 (DifFeed).
 */
import {
  type FeedbackLetter,
  feedbackLetters,
  type ImageSize,
  type TrainedFeedback,
} from "@difftap/backbone";
import { DifftapError, toFloat32 } from "@difftap/core";
import type { Value } from "@difftap/onnx-graph";
import { type Emitter, MICROSOFT } from "./emitter.js";
import { emitAffine, emitNormalized } from "./normalization.js";

/** PyTorch's default for BatchNorm2d. */
const EPSILON = 1e-5;

export interface FeedbackModule {
  readonly feedback: TrainedFeedback;
  /** Which of the feedback blocks. */
  readonly index: number;
  /** Of the map that the result is added to. */
  readonly size: ImageSize;
}

/**
 * [N, C, H, W] → [N, channels of the mirror, size].
 * @throws DifftapError CONFIG_INVALID for a module that cannot be read, WEIGHTS_MISMATCH for tensors that are missing or do not fit.
 */
export function emitFeedback(emitter: Emitter, map: Value, { feedback, index, size }: FeedbackModule): Value {
  const letters = feedbackLetters(feedback.module);
  const layers = new FeedbackLayers(emitter, feedback, `feedback.${index}`);
  const result = letters.reduce((value, _, place) => layers.emit(value, letters, place), map);
  return emitResized(emitter, result, size);
}

/** Bilinear, as PyTorch with align_corners=False; any factor. */
function emitResized(emitter: Emitter, x: Value, { height, width }: ImageSize): Value {
  const shape = emitter.mapShape(x);
  if (shape.height === height && shape.width === width) return x;
  const scales = emitter.floats([1, 1, height / shape.height, width / shape.width]);
  const attributes = { mode: "linear", coordinate_transformation_mode: "half_pixel" };
  const resized = emitter.graph.node("Resize", [x, "", scales], attributes);
  return emitter.map(resized, { ...shape, height, width });
}

class FeedbackLayers {
  constructor(
    readonly emitter: Emitter,
    readonly feedback: TrainedFeedback,
    readonly name: string,
  ) {}

  /** One letter of a module; a batch norm behind a convolution has been done with it. */
  emit(x: Value, letters: readonly FeedbackLetter[], place: number): Value {
    switch (letters[place]!) {
      case "C":
        return this.#convolution(x, place, letters[place + 1] === "B");
      case "B":
        return letters[place - 1] === "C" ? x : this.#batchNorm(x, place);
      case "G":
        return this.#groupNorm(x, place);
      case "R":
        return this.#like(x, this.emitter.graph.node("Relu", [x]));
      case "S":
        return this.#like(x, this.emitter.graph.node("QuickGelu", [x], { alpha: { float: 1 } }, MICROSOFT));
    }
  }

  #like(model: Value, value: Value): Value {
    return this.emitter.map(value, this.emitter.mapShape(model));
  }

  /** 1×1 for the first letter, depthwise 3×3 later; `normed`: the batch norm behind it is folded in. */
  #convolution(x: Value, place: number, normed: boolean): Value {
    const { channels: inputs, ...sides } = this.emitter.mapShape(x);
    const own = `${this.name}.${place}.weight`;
    const kernel = this.#tensor(own);
    const outputs = place === 0 ? kernel.length / inputs : inputs;
    const side = place === 0 ? 1 : 3;
    const affine = normed ? this.#batchAffine(place + 1) : undefined;
    const weight = affine ? scaledRows(kernel, affine.factor) : kernel;
    const shape = [outputs, place === 0 ? inputs : 1, side, side];
    const parameters = [this.#placed(own, shape, weight)];
    if (affine) parameters.push(this.#placed(`${this.name}.${place}.bias`, [outputs], affine.offset));
    const border = (side - 1) / 2;
    const attributes = {
      kernel_shape: [side, side],
      pads: [border, border, border, border],
      group: place === 0 ? 1 : inputs,
    };
    const node = this.emitter.graph.node("Conv", [x, ...parameters], attributes);
    return this.emitter.map(node, { channels: outputs, ...sides });
  }

  #batchNorm(x: Value, place: number): Value {
    const { factor, offset } = this.#batchAffine(place);
    return this.#like(x, emitAffine(this.emitter, x, this.#affine(place, factor, offset)));
  }

  #groupNorm(x: Value, place: number): Value {
    const factor = this.#tensor(`${this.name}.${place}.weight`);
    const offset = this.#tensor(`${this.name}.${place}.bias`);
    return emitNormalized(this.emitter, x, this.#affine(place, factor, offset));
  }

  #affine(place: number, factor: Float32Array, offset: Float32Array) {
    const vector = (part: string, values: Float32Array) =>
      this.#placed(`${this.name}.${place}.${part}`, [values.length], values);
    return { factor: vector("factor", factor), offset: vector("offset", offset), perSample: false };
  }

  /** (x − mean)/√(variance + ε)·weight + bias as x·factor + offset. */
  #batchAffine(place: number): { readonly factor: Float32Array; readonly offset: Float32Array } {
    const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      this.#tensor(`${this.name}.${place}.${part}`),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const factor = weight.map((value, channel) => value / Math.sqrt(variance[channel]! + EPSILON));
    return { factor, offset: bias.map((value, channel) => value - mean[channel]! * factor[channel]!) };
  }

  #placed(name: string, shape: readonly number[], values: Float32Array): Value {
    const { length } = values;
    const expected = shape.reduce((product, side) => product * side, 1);
    if (length !== expected) throw this.#refuse(`${name} has ${length} values, not [${shape.join(", ")}]`);
    return this.emitter.folded(name, shape, [], () => values);
  }

  #tensor(name: string): Float32Array {
    const found = this.feedback.tensors[name];
    if (found !== undefined) return toFloat32(found);
    throw this.#refuse(`${name} is missing`);
  }

  #refuse(problem: string): DifftapError {
    const { module, blocks } = this.feedback;
    return new DifftapError(
      "WEIGHTS_MISMATCH",
      `feedback ${module} of block ${blocks.join(", ")}: ${problem}`,
      {
        hint: "the tensors belong to another module or other blocks",
      },
    );
  }
}

/** Each row of a kernel [outputs, …] times its factor. */
function scaledRows(kernel: Float32Array, factor: Float32Array): Float32Array {
  const width = kernel.length / factor.length;
  return kernel.map((value, index) => value * factor[Math.floor(index / width)]!);
}
