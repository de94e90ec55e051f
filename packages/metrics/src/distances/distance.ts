/** How far two sets of features are apart, and how sure that is. */
export interface Distance {
  readonly value: number;
  /** 95 % interval by leaving out groups of samples of both sets. */
  readonly interval: [number, number];
  /** Samples of the first and the second set. */
  readonly n: readonly [number, number];
}
