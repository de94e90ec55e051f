/** An event file for TensorBoard: metrics as `train/loss`, `validation/top1`, … */
import type { MetricLine } from "../run-log.js";
import { encodeFileVersion, encodeScalars } from "./event.js";
import { frameRecord } from "./records.js";

/** One file for all of a run: TensorBoard takes any name that has `tfevents` in it. */
export const EVENT_FILE = "events.out.tfevents.difftap";

/** What a file begins with. Times are milliseconds since 1970. */
export function eventFileHeader(time: number): Uint8Array {
  return frameRecord(encodeFileVersion(time / 1000));
}

export function eventRecord({ step, split, values }: MetricLine, time: number): Uint8Array {
  const tagged = Object.entries(values).map(([name, value]) => [`${split}/${name}`, value] as const);
  return frameRecord(encodeScalars({ wallTime: time / 1000, step, scalars: Object.fromEntries(tagged) }));
}
