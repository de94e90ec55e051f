/** The order of an epoch, and smaller sets of indices: all by seed, none by state. */
import { DifftapError, permutation, streams } from "@difftap/core";

/**
 * The order of one epoch over `length` images.
 * @returns a permutation of 0 … length−1; equal for equal (length, seed, epoch)
 */
export function order(length: number, seed: number, epoch = 0): Uint32Array {
  return permutation({ seed, stream: streams.order, index: epoch }, length);
}

/** The first `first` images, or `random` images drawn by `seed` without repetition. */
export type SubsetSpec = { readonly first: number } | { readonly random: number; readonly seed: number };

/**
 * Indices of a part of a dataset, ascending. A larger random subset of the same seed contains the smaller one.
 * @throws DifftapError CONFIG_INVALID when the dataset has fewer images than asked for.
 */
export function subset(length: number, spec: SubsetSpec): Uint32Array {
  const count = "first" in spec ? spec.first : spec.random;
  if (!Number.isInteger(count) || count < 1 || count > length) {
    throw new DifftapError("CONFIG_INVALID", `a subset of ${count} images of a dataset of ${length}`, {
      hint: `ask for 1 to ${length}`,
    });
  }
  if ("first" in spec) return Uint32Array.from({ length: count }, (_, index) => index);
  return permutation({ seed: spec.seed, stream: streams.subset }, length).slice(0, count).sort();
}
