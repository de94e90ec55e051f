/** `metrics.jsonl`, the truth about a run: one JSON object a line, appended as training goes. */
import { appendFile, readFile } from "node:fs/promises";
import { writeFailed, writeFileAtomic } from "@difftap/core";

export interface MetricLine {
  /** Steps done. */
  readonly step: number;
  readonly epoch: number;
  readonly split: "train" | "validation";
  readonly values: Readonly<Record<string, number>>;
}

export interface MetricsLog {
  /** Lines kept from before. */
  readonly kept: readonly MetricLine[];
  append(line: MetricLine): Promise<void>;
}

/**
 * Opens a log to continue after `step`: later lines, and one torn by a crash, belong to work that is done again and are dropped.
 * @throws DifftapError WRITE_FAILED naming the path.
 */
export async function openMetricsLog(path: string, step: number): Promise<MetricsLog> {
  const kept = (await readLines(path)).filter((line) => line.step <= step);
  await writeFileAtomic(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return {
    kept,
    async append(line) {
      try {
        await appendFile(path, `${JSON.stringify(line)}\n`);
      } catch (cause) {
        throw writeFailed(path, cause);
      }
    },
  };
}

async function readLines(path: string): Promise<MetricLine[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as MetricLine];
    } catch {
      return [];
    }
  });
}
