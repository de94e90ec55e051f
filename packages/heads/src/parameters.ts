/** Initial parameters, addressed by seed and name: the same whatever was built before. */
import { elementCount, hashId, streams, uniforms } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";

export interface LinearSize {
  readonly inputs: number;
  readonly outputs: number;
  readonly seed: number | bigint;
}

/**
 * Weight [outputs, inputs] and bias [outputs] as `NAME.weight` and `NAME.bias`, drawn like PyTorch's Linear: both uniform in
 * ±1/√inputs.
 */
export function linearParameters(
  name: string,
  { inputs, outputs, seed }: LinearSize,
): Map<string, tf.Variable> {
  const bound = 1 / Math.sqrt(inputs);
  return new Map([
    [`${name}.weight`, uniformVariable(`${name}.weight`, [outputs, inputs], bound, seed)],
    [`${name}.bias`, uniformVariable(`${name}.bias`, [outputs], bound, seed)],
  ]);
}

function uniformVariable(name: string, shape: number[], bound: number, seed: number | bigint): tf.Variable {
  const draws = uniforms({ seed, stream: streams.weights, index: hashId(name) }, elementCount(shape));
  const values = Float32Array.from(draws, (draw) => (2 * draw - 1) * bound);
  return tf.tidy(() => tf.variable(tf.tensor(values, shape)));
}
