/** Top-1 as results have it. */
import { wilsonInterval } from "@difftap/metrics";

/** In per cent, with its 95 % interval. */
export function top1Of({ correct, n, top1 }: { correct: number; n: number; top1: number }) {
  const [low, high] = wilsonInterval(correct, n);
  return { value: 100 * top1, interval: [100 * low, 100 * high] as [number, number], n };
}
