/** What every kind of checkpoint offers: the list of its tensors, and each of them alone. */
import type { DType, NdArray } from "@difftap/core";

export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Named tensors that can be read one at a time, in any order and at once. */
export interface WeightSource {
  /** Where the tensors lie, for messages; `memory` when in no file. */
  readonly path: string;
  /** Every tensor, in the file's order. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** safetensors: its `__metadata__`. `.pt`: the numbers and strings beside the tensors (epoch, learning rate), as text. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * One tensor, row-major, in the dtype it is stored in. Reads that tensor's bytes only.
   * @throws DifftapError USAGE_INVALID for a name that is not there, CHECKPOINT_REFUSED for damaged bytes.
   */
  read(name: string): Promise<NdArray>;
  /** Gives the file back. A later `read` throws. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /**
   * Which dictionary of a nested checkpoint to read, as names joined by "." (`ema`, `optimizer.state`).
   * Without it: `state_dict`, `model_state_dict` or `model` where the file has one and no tensors beside it, else everything.
   */
  readonly within?: string;
  /** Told of every positioned read, for tests and profiles. */
  readonly onRead?: (offset: number, length: number) => void;
}
