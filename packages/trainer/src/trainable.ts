/** What can be trained. A head of @difftap/heads is one; so is anything with variables and a forward pass. */
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

export interface Trainable {
  /** What is trained, by name. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** What is kept beside it: running statistics. */
  readonly buffers: ReadonlyMap<string, tf.Variable>;
  /** Plain JSON that says what it is; saved with every checkpoint and compared when one is resumed. */
  readonly description: unknown;
  /** Share of the learning rate by a variable's name; 1 for those that are not named. */
  readonly rateShares?: ReadonlyMap<string, number> | undefined;
  /** What else is minimised; nothing unless given. */
  readonly furtherTerm?: FurtherTerm | undefined;
  /** Features of N samples to logits [N, classes]; the caller disposes them. */
  forward(features: Readonly<Record<string, tf.Tensor>>, options: ForwardOptions): tf.Tensor2D;
}
