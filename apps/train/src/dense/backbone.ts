/**
 * What stands before a detector or a segmenter: a frozen network; a frozen network run twice, with feedback that is trained (DifFeed);
 * or a network that is trained along. All three read images and give maps of taps.
 */
import type { TfjsUnet } from "@difftap/backbone-tfjs";
import type { NdArray } from "@difftap/core";
import type { tf } from "@difftap/engine";
import type { NamedImages } from "@difftap/eval";
import type { HeadTap } from "@difftap/heads";
import type { ForwardOptions, Trained } from "@difftap/trainer";

export interface DenseBackbone extends Trained {
  /** The maps it gives, as an adapter is built on them. */
  readonly taps: readonly HeadTap[];
  /** Maps that `read` gives, which stay as they are; absent where the network itself is trained. */
  readonly inputs?: readonly HeadTap[];
  /** Arrays [N, …] of a batch that `maps` is computed from. */
  read(images: NamedImages, noiseSeed: number): Promise<Record<string, NdArray<"float32">>>;
  /** Maps [N, C, h, w] by the taps' names. Called inside a tidy. */
  maps(features: Readonly<Record<string, tf.Tensor>>, how: ForwardOptions): Record<string, tf.Tensor>;
  /** The network itself where it is trained along. */
  readonly unet?: TfjsUnet;
  close(): Promise<void>;
}
