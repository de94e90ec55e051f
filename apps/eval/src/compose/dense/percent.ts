/** Shares as tables print them, in per cent. */

export function percent(share: number | null): string {
  return share === null ? "–" : (100 * share).toFixed(2);
}

/** With its interval, where there is one. */
export function percentWithin(
  share: number | null,
  range: readonly [number, number] | null | undefined,
): string {
  return range ? `${percent(share)} (${percent(range[0])}–${percent(range[1])})` : percent(share);
}
