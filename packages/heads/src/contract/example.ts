/** What the checks of the contract have in common: a head under test, features for it, one step of training. */
import * as tf from "@tensorflow/tfjs-core";
import { createHead, type Head } from "../create.js";
import type { HeadDefinition } from "../definition.js";
import type { HeadNetwork } from "../network.js";
import type { Features, HeadTap } from "../tap.js";
import { disposeFeatures, exampleFeatures } from "./shared.js";

export interface HeadExample {
  readonly definition: HeadDefinition;
  readonly spec: unknown;
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  /** For heads that feed back into the network: a small one that can resume. */
  readonly network?: HeadNetwork;
}

export interface ContractCheck {
  readonly name: string;
  /** Rejects with an assertion error when the head does not hold to it. */
  readonly check: (example: HeadExample) => Promise<void>;
}

export const BATCH = 5;
const LEARNING_RATE = 0.1;

export function build({ definition, ...request }: HeadExample, seed = 1): Head {
  return createHead({ ...request, head: definition.name, seed }, [definition]);
}

/** Runs a check with fresh features and head, and disposes both. */
export async function withHead(
  example: HeadExample,
  work: (head: Head, features: Features) => Promise<void>,
  batch = BATCH,
): Promise<void> {
  const head = build(example);
  const features = exampleFeatures(head.inputs, { batch });
  try {
    await work(head, features);
  } finally {
    head.dispose();
    disposeFeatures(features);
  }
}

export async function logitsOf(head: Head, features: Features, training = false): Promise<number[]> {
  const logits = head.forward(features, { training });
  const values = Array.from(await logits.data());
  logits.dispose();
  return values;
}

/** Cross-entropy with the labels 0, 1, 2, … and its gradients by variable; the caller disposes them. */
export function gradientsOf(head: Head, features: Features): tf.NamedTensorMap {
  const { classes } = head.description;
  return tf.tidy(() => {
    const labels = tf.oneHot(
      tf.tensor1d(
        Array.from({ length: BATCH }, (_, sample) => sample % classes),
        "int32",
      ),
      classes,
    );
    const loss = () =>
      tf.losses.softmaxCrossEntropy(labels, head.forward(features, { training: true })) as tf.Scalar;
    return tf.variableGrads(loss, [...head.variables.values()]).grads;
  });
}

/** One step down the gradient. */
export function trainStep(head: Head, features: Features): void {
  tf.tidy(() => {
    const gradients = gradientsOf(head, features);
    for (const variable of head.variables.values()) {
      const gradient = gradients[variable.name];
      if (gradient) variable.assign(tf.sub(variable, tf.mul(gradient, LEARNING_RATE)));
    }
  });
}
