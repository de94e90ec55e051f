/** A few of many, for pictures. */

/** So many of a list, the first and the last among them. */
export function spread<T>(list: ArrayLike<T>, count: number): T[] {
  if (list.length <= count) return Array.from(list);
  return Array.from(
    { length: count },
    (_, place) => list[Math.round((place * (list.length - 1)) / (count - 1))]!,
  );
}
