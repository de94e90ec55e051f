/** Kernel distance of two sets of features: unbiased, so comparable across sample counts (KID when they are Inception's). Source: Bińkowski et al. 2018 (arXiv 1801.01401), section 3. */
import type { Matrix } from "../inputs.js";
import type { Distance } from "./distance.js";
import { jackknifeInterval } from "./jackknife.js";
import { comparableSets, type Rows } from "./rows.js";

/**
 * The unbiased estimate of MMD² with the kernel (x·y/d + 1)³ over all samples. It may be below 0 where the sets are alike.
 * @param first [n, d]
 * @param second [m, d]
 * @throws DifftapError as `comparableSets` does.
 */
export function kernelDistance(first: Matrix, second: Matrix): Distance {
  const { a, b, groups } = comparableSets(first, second);
  const sums: KernelSums = {
    within: [groupSums(a, a, groups), groupSums(b, b, groups)],
    across: groupSums(a, b, groups),
    sizes: [groupSizes(a, groups), groupSizes(b, groups)],
  };
  const value = estimate(sums);
  const leftOut = Array.from({ length: groups }, (_, group) => estimate(sums, group));
  return { value, interval: jackknifeInterval(value, leftOut), n: [a.rows, b.rows] };
}

/** Sums of kernel values by the groups of both samples: they give the estimate without any one group at no cost. */
interface KernelSums {
  readonly within: readonly [number[][], number[][]];
  readonly across: number[][];
  readonly sizes: readonly [number[], number[]];
}

/** Sums of k(x_i, y_j) over i in a group and j in a group; of a set with itself without i = j. */
function groupSums(a: Rows, b: Rows, groups: number): number[][] {
  const sums = Array.from({ length: groups }, () => new Array<number>(groups).fill(0));
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      if (a !== b || i !== j) sums[i % groups]![j % groups]! += kernel(a, i, b, j);
    }
  }
  return sums;
}

function kernel({ data: x, columns }: Rows, i: number, { data: y }: Rows, j: number): number {
  let product = 0;
  for (let k = 0; k < columns; k++) product += x[i * columns + k]! * y[j * columns + k]!;
  return (product / columns + 1) ** 3;
}

function groupSizes({ rows }: Rows, groups: number): number[] {
  return Array.from({ length: groups }, (_, group) => Math.ceil((rows - group) / groups));
}

function estimate({ within: [aa, bb], across, sizes: [n, m] }: KernelSums, without?: number): number {
  const [countA, countB] = [total(n, without), total(m, without)];
  return (
    total2(aa, without) / (countA * (countA - 1)) +
    total2(bb, without) / (countB * (countB - 1)) -
    (2 * total2(across, without)) / (countA * countB)
  );
}

const total = (values: readonly number[], without: number | undefined) =>
  values.reduce((sum, value, group) => (group === without ? sum : sum + value), 0);

const total2 = (sums: readonly (readonly number[])[], without: number | undefined) =>
  total(
    sums.map((row) => total(row, without)),
    without,
  );
