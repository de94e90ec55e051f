import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { appendMetric, readMetrics } from "../src/index.js";

test("metrics of a run under way are read without results, a torn last line left out", async () => {
  const folder = mkdtempSync(join(tmpdir(), "difftap-metrics-"));
  expect(await readMetrics(folder)).toEqual([]);
  await appendMetric(folder, { step: 1, split: "train", values: { loss: 2.5 } });
  writeFileSync(join(folder, "metrics.jsonl"), '{"step":2,"val', { flag: "a" });
  expect(await readMetrics(folder)).toEqual([{ step: 1, split: "train", values: { loss: 2.5 } }]);
});
