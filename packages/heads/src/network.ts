/** The frozen network as heads see it that feed back into it. Apps hand it over; this package knows no runtime. */
import type { BlockInfo, ImageSize, UnetState, Visit } from "@difftap/backbone";
import type * as tf from "@tensorflow/tfjs-core";
import type { HeadTap } from "./tap.js";

/** Where a run goes on, and at which timestep. Maps are [N, C, H, W]. */
export interface NetworkState extends UnetState<tf.Tensor> {
  readonly timestep: HeadTap["timestep"];
}

export interface HeadNetwork {
  readonly blocks: readonly BlockInfo[];
  /** Of the images. */
  readonly size: ImageSize;
  /**
   * Runs the blocks after `state.block` until `visit` stops them; gradients flow to the state's maps and to what `visit` puts in a
   * block's place. Where it is missing, pass 2 is computed elsewhere: the head reads both passes, and cannot be trained.
   */
  resume?(state: NetworkState, visit: Visit<tf.Tensor>): void;
}
