/** What can be trained. A head of @difftap/heads is one; so is anything with variables and a forward pass. */
import type { tf } from "@difftap/engine";

export interface ForwardOptions {
  /** Batch statistics and dropout are on. */
  readonly training: boolean;
  /** In training the steps done before: with a seed of its own, the address of whatever a forward pass draws. */
  readonly step?: number;
}

export interface Trainable {
  /** What is trained, by name. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** What is kept beside it: running statistics. */
  readonly buffers: ReadonlyMap<string, tf.Variable>;
  /** Plain JSON that says what it is; saved with every checkpoint and compared when one is resumed. */
  readonly description: unknown;
  /** Features of N samples to logits [N, classes]; the caller disposes them. */
  forward(features: Readonly<Record<string, tf.Tensor>>, options: ForwardOptions): tf.Tensor2D;
}
