/**
 * Parameters and buffers under PyTorch's names. Initial values are addressed by seed and name: the same whatever was built before.
 * Distributions are those of PyTorch's layers, and of timm for the CLS token.
 */
import { elementCount, hashId, normals, type RandomAddress, streams, uniforms } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";

/** What a part of a head holds. */
export interface Parameters {
  /** What is trained. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** What is kept but not trained. */
  readonly buffers?: ReadonlyMap<string, tf.Variable>;
}

/** The parameters and buffers of several parts as those of one. */
export function joinParameters(...parts: readonly Parameters[]): Required<Parameters> {
  return {
    variables: new Map(parts.flatMap(({ variables }) => [...variables])),
    buffers: new Map(parts.flatMap(({ buffers = new Map<string, tf.Variable>() }) => [...buffers])),
  };
}

export interface LinearSize {
  readonly inputs: number;
  readonly outputs: number;
  /** True unless given. */
  readonly bias?: boolean;
  readonly seed: number | bigint;
}

/**
 * Weight [outputs, inputs] and bias [outputs] as `NAME.weight` and `NAME.bias`, drawn like PyTorch's Linear: both uniform in
 * ±1/√inputs.
 */
export function linearParameters(
  name: string,
  { inputs, outputs, bias = true, seed }: LinearSize,
): Map<string, tf.Variable> {
  return weightAndBias(name, { shape: [outputs, inputs], bias, seed });
}

/** Weight of the given shape, outputs first, and bias [outputs]: both uniform in ±1/√fan-in (PyTorch's Linear and Conv2d). */
export function weightAndBias(
  name: string,
  { shape, bias, seed }: { shape: readonly number[]; bias: boolean; seed: number | bigint },
): Map<string, tf.Variable> {
  const bound = 1 / Math.sqrt(elementCount(shape.slice(1)));
  const parameters = new Map([[`${name}.weight`, uniformVariable(`${name}.weight`, shape, bound, seed)]]);
  if (bias) parameters.set(`${name}.bias`, uniformVariable(`${name}.bias`, [shape[0]!], bound, seed));
  return parameters;
}

function uniformVariable(
  name: string,
  shape: readonly number[],
  bound: number,
  seed: number | bigint,
): tf.Variable {
  const draws = uniforms(addressOf(name, seed), elementCount(shape));
  const values = new Float32Array(draws.length);
  // A loop: Float32Array.from with a function takes thirty times as long, and heads have millions of parameters.
  for (let i = 0; i < values.length; i++) values[i] = (2 * draws[i]! - 1) * bound;
  return variableOf(values, shape);
}

/** Normal with mean 0. */
export function normalVariable(
  name: string,
  shape: readonly number[],
  deviation: number,
  seed: number | bigint,
): tf.Variable {
  const draws = normals(addressOf(name, seed), elementCount(shape));
  return variableOf(
    draws.map((draw) => draw * deviation),
    shape,
  );
}

/** Every element the same; not trained where it is a buffer. */
export function constantVariable(
  shape: readonly number[],
  value: number,
  kind: "parameter" | "buffer" = "parameter",
): tf.Variable {
  return variableOf(new Float32Array(elementCount(shape)).fill(value), shape, kind === "parameter");
}

function addressOf(name: string, seed: number | bigint): RandomAddress {
  return { seed, stream: streams.weights, index: hashId(name) };
}

function variableOf(values: Float32Array, shape: readonly number[], trainable = true): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(values, [...shape]), trainable));
}
