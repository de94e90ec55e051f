/** Features of a head's taps as they are, all of them side by side, and as the head fuses them. */
import { join } from "node:path";
import { type NdArray, ndarray, sha256Hex } from "@difftap/core";
import { extractToStore } from "../features.js";
import { type LabelledFeatures, readLabelled } from "../labelled.js";
import { otherSizesOf } from "../sizes.js";
import { type Cell, cellName, isSame } from "./cell.js";
import type { StageFeatures } from "./fusion.js";
import type { AnalysisSession } from "./session.js";
import { arrayOf, type Split } from "./split.js";
import type { OpenHead } from "./trained-heads.js";

/** Before: tap after tap, then all together where there are several. After: what the last linear layer reads. */
export async function stagesOf(session: AnalysisSession, opened: OpenHead): Promise<StageFeatures[]> {
  const cells = cellsOf(opened);
  const before = {
    train: await tapsOf(session, opened, session.train!, cells),
    test: await tapsOf(session, opened, session.test, cells),
  };
  const taps = cells.map((cell, index) => ({
    ...{ name: cellName(cell), place: "before" as const },
    ...{ train: before.train[index]!, test: before.test[index]! },
  }));
  const all = {
    ...{ name: "all taps side by side", place: "before" as const },
    ...{ train: sideBySide(before.train), test: sideBySide(before.test) },
  };
  const after = {
    ...{ name: `fused by ${opened.head.description.head}`, place: "after" as const },
    train: { ...before.train[0]!, features: await opened.outputs(session.train!, "penultimate") },
    test: { ...before.test[0]!, features: await opened.outputs(session.test, "penultimate") },
  };
  return [...taps, ...(taps.length > 1 ? [all] : []), after];
}

function cellsOf({ head }: OpenHead): Cell[] {
  const all = head.description.taps.map(({ block, timestep, size }) => ({ block, timestep, size }));
  return all.filter((cell, place) => all.findIndex((other) => isSame(other, cell)) === place);
}

/** Pooled as everything that the analysis reads. */
async function tapsOf(
  { settings, context }: AnalysisSession,
  { runtime, title, run, head, size }: OpenHead,
  split: Split,
  cells: readonly Cell[],
): Promise<LabelledFeatures[]> {
  const blocks = [...new Set(cells.map(({ block }) => block))];
  const timesteps = [...new Set(cells.map(({ timestep }) => timestep))];
  const own = `${run} ${title}`;
  const store = join(settings.out, "features", "fusion", `${sha256Hex(own).slice(0, 8)}-${split.name}`);
  const otherSizes = otherSizesOf(head.description.taps);
  const taps = { ...settings, blocks, timesteps, draws: 1, otherSizes };
  const opened =
    runtime && split.images
      ? (await extractToStore({ ...settings, runtime, taps, size, images: split.images, store }, context))
          .store
      : await split.store();
  const found: LabelledFeatures[] = [];
  for (const cell of cells)
    found.push(await readLabelled(opened, arrayOf(opened, cell, settings.pool), { signal: context.signal }));
  return found;
}

function sideBySide(parts: readonly LabelledFeatures[]): LabelledFeatures {
  const [first] = parts;
  const rows = first!.labels.length;
  const width = parts.reduce((sum, { features }) => sum + features.shape[1]!, 0);
  const joined = ndarray("float32", [rows, width]);
  let start = 0;
  for (const { features } of parts) {
    copyColumns(features, joined, start);
    start += features.shape[1]!;
  }
  return { ...first!, features: joined };
}

function copyColumns(from: NdArray<"float32">, to: NdArray<"float32">, start: number): void {
  const [rows, width] = from.shape as [number, number];
  for (let row = 0; row < rows; row++) {
    to.data.set(from.data.subarray(row * width, (row + 1) * width), row * to.shape[1]! + start);
  }
}
