/** Counts who holds which value, and knows which still have to be computed. */
import type { DType } from "@difftap/core";
import type { Value, ValueState } from "./value.js";

export class ValueStore {
  #ids = 0;
  #visible = 0;
  /** Resident values that nobody holds any more; the runtime lets go of them after the next run. */
  #released: number[] = [];
  readonly pending = new Set<Value>();

  /** Values that TensorFlow.js knows. */
  get visible(): number {
    return this.#visible;
  }

  /** A value that one tensor, or one view, holds. */
  create(state: ValueState, shape: readonly number[], dtype: DType, visible = true): Value {
    this.#ids += 1;
    const value: Value = {
      id: this.#ids,
      owner: this,
      shape: [...shape],
      dtype,
      state,
      references: 1,
      visible,
    };
    if (visible) this.#visible += 1;
    if (state.kind === "pending") this.pending.add(value);
    return value;
  }

  /** Whether a data id is a value of this store, and still held. */
  owns(dataId: object): dataId is Value {
    return (dataId as Value).owner === this;
  }

  retain(value: Value): void {
    value.references += 1;
  }

  /** TensorFlow.js learns of a value that only a view knew. */
  show(value: Value): void {
    if (value.visible) return;
    value.visible = true;
    this.#visible += 1;
  }

  /** Gives true when nobody holds the value any more. */
  release(value: Value, force = false): boolean {
    value.references = force ? 0 : value.references - 1;
    if (value.references > 0) return false;
    value.owner = undefined;
    if (value.visible) this.#visible -= 1;
    const { state } = value;
    if (state.kind === "pending") this.pending.delete(value);
    else if (state.kind === "resident") this.#released.push(value.id);
    else if (state.kind === "view") this.release(state.base);
    return true;
  }

  /** Ids to let go of, once. */
  takeReleased(): number[] {
    const released = this.#released;
    this.#released = [];
    return released;
  }

  /** What was pending is with the runtime from now on. */
  settle(): void {
    for (const value of this.pending) value.state = { kind: "resident" };
    this.pending.clear();
  }
}
