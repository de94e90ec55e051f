/** What can be trained: a classifier, such as a head of @difftap/heads, or anything that says itself what it minimises. */
import type { tf } from "@difftap/engine";

export interface ForwardOptions {
  /** Batch statistics and dropout are on. */
  readonly training: boolean;
  /** In training the steps done before: with a seed of its own, the address of whatever a forward pass draws. */
  readonly step?: number;
}

/** Added to the cross-entropy in training, and logged under its name. */
export interface FurtherTerm {
  readonly name: string;
  readonly weight: number;
  /** The term itself, without its weight. Gets what `forward` gets. */
  loss(features: Readonly<Record<string, tf.Tensor>>, options: ForwardOptions): tf.Scalar;
}

/** What training needs of any model. */
export interface Trained {
  /** What is trained, by name. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** What is kept beside it: running statistics. */
  readonly buffers: ReadonlyMap<string, tf.Variable>;
  /** Plain JSON that says what it is; saved with every checkpoint and compared when one is resumed. */
  readonly description: unknown;
  /** Share of the learning rate by a variable's name; 1 for those that are not named. */
  readonly rateShares?: ReadonlyMap<string, number> | undefined;
}

/** Learns classes: the cross-entropy of its logits is minimised. */
export interface Trainable extends Trained {
  /** What else is minimised; nothing unless given. */
  readonly furtherTerm?: FurtherTerm | undefined;
  /** Features of N samples to logits [N, classes]; the caller disposes them. */
  forward(features: Readonly<Record<string, tf.Tensor>>, options: ForwardOptions): tf.Tensor2D;
}

/** Has an objective of its own, such as a detector: targets come to it among the features. */
export interface ObjectiveModel extends Trained {
  /** What is minimised is the sum of these terms; each is logged under its name. Called inside a tidy. */
  objective(
    features: Readonly<Record<string, tf.Tensor>>,
    options: ForwardOptions,
  ): Readonly<Record<string, tf.Scalar>>;
}
