/** Shares as per cent, as results have them. */

export function percentOf(share: number | null): number | null {
  return share === null ? null : 100 * share;
}

export function percentRange(range: readonly [number, number] | null | undefined): [number, number] | null {
  return range ? [100 * range[0], 100 * range[1]] : null;
}
