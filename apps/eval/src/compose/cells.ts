/** Finished cells of a grid, kept as they are solved, so that an interrupted grid goes on where it stopped. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex, stableStringify, writeFileAtomic } from "@difftap/core";
import { z } from "zod";
import type { ProbeOutcome } from "./probing.js";

const outcome = z.object({
  top1: z.number(),
  top5: z.number().nullable(),
  interval: z.tuple([z.number(), z.number()]),
  trainTop1: z.number(),
  n: z.number(),
  iterations: z.number(),
  gradientNorm: z.number(),
});

export interface CellCache {
  /** The kept outcome under a key, or that of `solve`, which is kept then. */
  remember(key: object, solve: () => Promise<ProbeOutcome>): Promise<ProbeOutcome>;
}

/** Opens the cache of a run folder. Keys are plain data: everything that an outcome depends on. A damaged cache starts anew. */
export async function openCells(folder: string): Promise<CellCache> {
  const path = join(folder, "cells.json");
  const kept = await readCells(path);
  return {
    remember: async (key, solve) => {
      const name = sha256Hex(stableStringify(key));
      const found = kept.get(name);
      if (found !== undefined) return found;
      const { top1, top5, interval, trainTop1, n, iterations, gradientNorm } = await solve();
      const solved = {
        top1,
        top5,
        interval: [...interval] as [number, number],
        trainTop1,
        n,
        iterations,
        gradientNorm,
      };
      kept.set(name, solved);
      await writeFileAtomic(path, `${JSON.stringify(Object.fromEntries(kept))}\n`);
      return solved;
    },
  };
}

async function readCells(path: string): Promise<Map<string, z.output<typeof outcome>>> {
  try {
    return new Map(
      Object.entries(z.record(z.string(), outcome).parse(JSON.parse(await readFile(path, "utf8")))),
    );
  } catch {
    return new Map();
  }
}
