/** Loss and gradients of named parameters. */
import { tf } from "@difftap/engine";
import type { Trainable } from "./trainable.js";

export interface Differentiated {
  readonly loss: tf.Scalar;
  /** By the parameters' names; without those that the loss does not reach. */
  readonly gradients: ReadonlyMap<string, tf.Tensor>;
}

/** Records `lossOf` and its gradients with respect to all of `variables`. Called inside a tidy. */
export function differentiate(variables: Trainable["variables"], lossOf: () => tf.Scalar): Differentiated {
  const { value: loss, grads } = tf.variableGrads(lossOf, [...variables.values()]);
  const named = [...variables].flatMap(([name, variable]) => {
    const gradient = grads[variable.name];
    return gradient ? [[name, gradient] as const] : [];
  });
  return { loss, gradients: new Map(named) };
}
