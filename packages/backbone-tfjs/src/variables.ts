/** A checkpoint's tensors as TensorFlow.js variables under the same names, and back. */
import { kernelShape } from "@difftap/backbone";
import { memoryWeights, type WeightSource } from "@difftap/checkpoint";
import { type NdArray, ndarray, toFloat32 } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";

/** An open checkpoint, or tensors by name. */
export type Weights = WeightSource | ReadonlyMap<string, NdArray>;

/** True for all parameters, false for none, or what says so of each name. */
export type TrainableChoice = boolean | ((name: string) => boolean);

export function weightSource(weights: Weights): WeightSource {
  return "read" in weights ? weights : memoryWeights(Object.fromEntries(weights));
}

/** Reads tensor by tensor, upcast to float32, in the checkpoint's shapes. */
export async function readVariables(
  source: WeightSource,
  names: Iterable<string>,
  trainable: TrainableChoice,
): Promise<Map<string, tf.Variable>> {
  const variables = new Map<string, tf.Variable>();
  try {
    for (const name of names) {
      const array = await source.read(name);
      const learns = typeof trainable === "function" ? trainable(name) : trainable;
      variables.set(name, createVariable(array, learns));
    }
  } catch (error) {
    for (const variable of variables.values()) variable.dispose();
    throw error;
  }
  return variables;
}

function createVariable(array: NdArray, trainable: boolean): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(toFloat32(array), [...array.shape]), trainable));
}

/** Gives variables by name, attention's kernels with their fourth dimension. */
export function kernelsOf(variables: ReadonlyMap<string, tf.Variable>): (name: string) => tf.Tensor {
  return (name) => {
    const variable = variables.get(name)!;
    const shape = kernelShape(variable.shape);
    return shape.length === variable.rank ? variable : tf.reshape(variable, [...shape]);
  };
}

/**
 * The current weights, by name, in the checkpoint's shapes: for saving, for averaging, for another runtime.
 * A copy; later training does not change it.
 */
export async function readWeights(
  variables: ReadonlyMap<string, tf.Variable>,
): Promise<Map<string, NdArray<"float32">>> {
  const arrays = [...variables].map(async ([name, variable]) => {
    const data = Float32Array.from(await variable.data());
    return [name, ndarray("float32", variable.shape, data)] as const;
  });
  return new Map(await Promise.all(arrays));
}
