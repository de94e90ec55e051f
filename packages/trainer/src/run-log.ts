/**
 * What a run writes down as it goes: `metrics.jsonl`, the truth about it, one JSON object a line; and the same numbers as an event file
 * for TensorBoard.
 */
import { join } from "node:path";
import type { FileSystem } from "@difftap/core";
import { openAppendLog } from "./append-log.js";
import { EVENT_FILE, eventFileHeader, eventRecord } from "./tensorboard/event-file.js";

export interface MetricLine {
  /** Steps done. */
  readonly step: number;
  readonly epoch: number;
  readonly split: "train" | "validation";
  /** By name: `loss`, or `NAME/loss` where several models are trained together. */
  readonly values: Readonly<Record<string, number>>;
}

/** Bytes of each file. */
export interface LogLengths {
  readonly metrics: number;
  readonly events: number;
}

export interface RunLog {
  append(line: MetricLine): Promise<void>;
  /** Called before a checkpoint: what it counts as done is then written down for good. Gives the lengths to resume behind. */
  sync(): Promise<LogLengths>;
  close(): Promise<void>;
}

/**
 * Opens both files of a folder behind what a checkpoint counts as written; anew without one.
 * @throws DifftapError READ_FAILED, WRITE_FAILED naming the path.
 */
export async function openRunLog(
  folder: string,
  { metrics: metricBytes, events: eventBytes }: LogLengths,
  fileSystem: FileSystem,
): Promise<RunLog> {
  const metricsPath = join(folder, "metrics.jsonl");
  const eventsPath = join(folder, "tensorboard", EVENT_FILE);
  const metrics = await openAppendLog(metricsPath, metricBytes, new Uint8Array(0), fileSystem);
  const events = await openAppendLog(eventsPath, eventBytes, eventFileHeader(Date.now()), fileSystem);
  return {
    async append(line) {
      await metrics.append(`${JSON.stringify(line)}\n`);
      await events.append(eventRecord(line, Date.now()));
    },
    async sync() {
      await metrics.sync();
      await events.sync();
      return { metrics: metrics.length, events: events.length };
    },
    async close() {
      await metrics.close();
      await events.close();
    },
  };
}
