/** Networks small enough for float64 loops, and waves instead of random numbers. */
import { type Architecture, architectureFromFlags, parameterShapes } from "@difftap/backbone";
import { elementCount, type NdArray, ndarray } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";

/** Nine blocks, 8-px images, attention at half size. */
export function tiny(flags: Record<string, unknown> = {}): Architecture {
  const base = {
    image_size: 8,
    num_channels: 32,
    num_res_blocks: 1,
    channel_mult: "1,2",
    attention_resolutions: "4",
    num_heads: 2,
    learn_sigma: true,
  };
  return architectureFromFlags({ flags: { ...base, ...flags }, diffusion: {} });
}

/** Repeatable and without a period that shapes could hit. */
export function wave(shape: readonly number[], phase: number, reach = 1): Float32Array {
  return Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(phase + i * 1.7) * reach);
}

/** Every parameter as a wave of its own phase, as far as a fresh network's reach; norms around 1. */
export function waveWeights(architecture: Architecture): Map<string, NdArray<"float32">> {
  return new Map(
    [...parameterShapes(architecture)].map(([name, shape]) => {
      const values = wave(shape, phaseOf(name), 1 / Math.sqrt(elementCount(shape.slice(1))));
      const around = shape.length === 1 && name.endsWith(".weight") ? 1 : 0;
      return [
        name,
        ndarray(
          "float32",
          shape,
          values.map((value) => around + value),
        ),
      ];
    }),
  );
}

export function phaseOf(name: string): number {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1009, 7);
}

export function tensor(shape: readonly number[], values: Float32Array): tf.Tensor {
  return tf.tensor(values, [...shape]);
}
