/** What a timestep sampler is: it draws the timesteps of a step's whole batch, and may learn from the losses. */
import type { NdArray } from "@difftap/core";
import type { StepAddress } from "../draws.js";

export interface DrawnTimesteps {
  /** Indices of the schedule, one for each image of the step. */
  readonly timesteps: Int32Array;
  /** Of each image's loss, so that the mean is that of even sampling. */
  readonly weights: Float32Array;
}

export interface TimestepSampler {
  /** Whether draws depend on the losses observed: those of a step are then needed before the next is drawn. */
  readonly learns: boolean;
  draw(address: StepAddress, batch: number): DrawnTimesteps;
  /** Told of the losses of a step, in its order, not weighted. */
  observe(timesteps: Int32Array, losses: Float32Array): void;
  /** What a checkpoint has to keep. */
  state(): Readonly<Record<string, NdArray>>;
  /** @throws DifftapError CHECKPOINT_REFUSED for another sampler's state. */
  restore(state: Readonly<Record<string, NdArray>>): void;
}
