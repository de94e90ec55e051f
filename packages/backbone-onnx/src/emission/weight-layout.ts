/** Which tensors a graph reads, how each is made from the state dict, and where it lies in the external data. */
import { elementCount } from "@difftap/core";
import type { ExternalLocation } from "@difftap/onnx-graph";

/** The name under which graphs and sessions know the external data. */
export const WEIGHTS_LOCATION = "weights.bin";

/** Initializers begin at multiples of this many bytes, so that vector loads are aligned. */
const ALIGNMENT = 64;

/** Makes a graph's tensor out of parameters, given in the order of `sources`. */
export type Build = (parameters: readonly Float32Array[]) => Float32Array;

/** One float32 tensor of the external data. */
export interface PlacedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Names in the state dict. */
  readonly sources: readonly string[];
  /** Absent: the one source as it is. */
  readonly build?: Build | undefined;
  readonly place: ExternalLocation;
}

/** Lays tensors out one behind the other, in the order in which the graph asks for them. */
export class WeightLayout {
  readonly #placed = new Map<string, PlacedWeight>();
  #end = 0;

  /** Bytes of the whole external data. */
  get byteLength(): number {
    return this.#end;
  }

  get weights(): PlacedWeight[] {
    return [...this.#placed.values()];
  }

  has(name: string): boolean {
    return this.#placed.has(name);
  }

  place(weight: Omit<PlacedWeight, "place">): PlacedWeight {
    const length = elementCount(weight.shape) * Float32Array.BYTES_PER_ELEMENT;
    const placed = { ...weight, place: { location: WEIGHTS_LOCATION, offset: this.#end, length } };
    this.#placed.set(weight.name, placed);
    this.#end = Math.ceil((this.#end + length) / ALIGNMENT) * ALIGNMENT;
    return placed;
  }
}
