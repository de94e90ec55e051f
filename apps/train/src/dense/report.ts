/** A dense training's entry as results.json and on the terminal. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TrainedDetector, type TrainedSegmenter, writeResults } from "@difftap/run-folder";
import { type DenseReport, denseResults } from "./results.js";

/** The field of the results, and what stands in it. */
type Kind = "detection" | "segmentation";
type Entry = TrainedDetector | TrainedSegmenter;

/** Whether this call trained anything, or an earlier one was ended before it could report. */
export function isUnreported<Score>({
  seeds,
  settings,
}: Pick<DenseReport<Score>, "seeds" | "settings">): boolean {
  const wasTrained = seeds.some(({ result }) => result.steps > result.resumedFrom);
  return wasTrained || !existsSync(join(settings.out, "results.json"));
}

/** Writes results.json, unless everything had been done before, and prints the entry: as JSON, or its name, figures and protocol. */
export async function reportEntry<Score>(
  report: DenseReport<Score>,
  kind: Kind,
  entry: Entry,
  figures: readonly string[],
): Promise<void> {
  const { settings, context, test } = report;
  if (isUnreported(report)) {
    const title = settings.title ?? `${entry.name}, on ${test.dataset.name}`;
    const common = await denseResults(report, entry.protocol);
    await writeResults(settings.out, { ...common, kind, title, [kind]: [entry] });
  }
  context.terminal.data(context.json ? asJson(report, kind, entry) : asText(entry, figures));
}

function asJson<Score>({ settings, seeds }: DenseReport<Score>, kind: Kind, entry: Entry): string {
  const { pictures: _, ...shown } = entry;
  const folders = seeds.map(({ folder }) => folder);
  return `${JSON.stringify({ seeds: settings.seeds, [kind]: [shown], folders }, null, 2)}\n`;
}

function asText({ name, failures = [], protocol }: Entry, figures: readonly string[]): string {
  const failed = failures.map(({ seed, reason }) => `seed ${seed}: ${reason}`);
  return `${[name, ...figures, ...failed, protocol].join("\n")}\n`;
}
