/** What can be pretrained: a network that is fed x_t and t. The U-Net of @difftap/backbone-tfjs is one. */
import type { tf } from "@difftap/engine";

export interface DenoiserInputs {
  /** x_t [N, 3, H, W]. */
  readonly x: tf.Tensor;
  /** [N], as the network is fed: rescaled where the process says so. */
  readonly timesteps: tf.Tensor;
  /** Classes [N], int32; for class-conditional networks. */
  readonly labels?: tf.Tensor;
}

export interface DenoiserOptions {
  /** Dropout is on. */
  readonly training: boolean;
  /** Where dropout's masks come from: another index for each forward of a training. */
  readonly dropoutAddress: { readonly seed: number; readonly index: number };
}

export interface Denoiser {
  /** What is trained, by its name in the state dict. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** Classes it is conditioned on; null: none. */
  readonly classes: number | null;
  /** Plain JSON that says what it is and what it began as; saved with every checkpoint and compared when one is resumed. */
  readonly description: unknown;
  /** The network's answer [N, C or 2·C, H, W]. */
  forward(inputs: DenoiserInputs, options: DenoiserOptions): tf.Tensor;
}
