/** How often neighbours in feature space are of one class. */
import type { LongWork } from "@difftap/core";
import { checkLabelCount, type Matrix, matrixSize } from "../inputs.js";
import { type BootstrapOptions, bootstrapInterval } from "../intervals.js";
import { type Neighbours, nearestNeighbours } from "./neighbours.js";

export interface PurityOptions extends LongWork {
  /** [n, d] */
  readonly features: Matrix;
  readonly labels: Int32Array;
  /** Neighbours of each sample, itself not counted. */
  readonly k: number;
  readonly bootstrap: BootstrapOptions;
}

export interface Purity {
  /** Mean share of a sample's k nearest neighbours that have its label, 0 to 1. */
  readonly value: number;
  /** 95 % interval over resampled samples. */
  readonly interval: [number, number];
  /** What neighbours at random would give. */
  readonly chance: number;
  readonly n: number;
  readonly k: number;
}

/**
 * Neighbourhood purity by cosine similarity.
 * @throws DifftapError LABELS_MISMATCH when there is not one label per row; USAGE_INVALID unless 1 ≤ k < n; as
 * `nearestNeighbours` otherwise.
 */
export async function neighbourhoodPurity(options: PurityOptions): Promise<Purity> {
  const { features, labels, k, bootstrap, ...work } = options;
  const { rows: n } = matrixSize(features, "features");
  checkLabelCount(labels, n, "features");
  const found = await nearestNeighbours({ train: features, test: features, k: k + 1, ...work });
  const shares = Float64Array.from(
    { length: n },
    (_, row) => sameLabel(others(found, row, k), row, labels) / k,
  );
  const value = shares.reduce((sum, share) => sum + share, 0) / n;
  return { value, interval: bootstrapInterval(shares, bootstrap), chance: chanceOf(labels), n, k };
}

/** The neighbours of a row without itself; among many equal rows it may not be in its own list. */
function others({ indices, k: listed }: Neighbours, row: number, k: number): Int32Array {
  return indices
    .subarray(row * listed, (row + 1) * listed)
    .filter((index) => index !== row)
    .subarray(0, k);
}

function sameLabel(neighbours: Int32Array, row: number, labels: Int32Array): number {
  return neighbours.reduce((count, index) => (labels[index] === labels[row] ? count + 1 : count), 0);
}

function chanceOf(labels: Int32Array): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const pairs = [...counts.values()].reduce((sum, count) => sum + count * (count - 1), 0);
  return pairs / (labels.length * (labels.length - 1));
}
