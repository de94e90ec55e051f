/** Which batches of a folder of samples are finished, and what they are samples of: an interrupted run goes on where it stopped. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DifftapError, stableStringify, writeFileAtomic } from "@difftap/core";
import { z } from "zod";

const schema = z.object({
  request: z.record(z.string(), z.unknown()),
  batches: z.array(z.object({ first: z.int().nonnegative(), seconds: z.number().nonnegative() })),
});

type Journal = z.output<typeof schema>;

export interface SampleJournal {
  /** Seconds that the batch with this first image took; undefined when it is still to be drawn. */
  seconds(first: number): number | undefined;
  finish(first: number, seconds: number): Promise<void>;
}

/** Number of an image as its file's name. */
export const sampleFile = (folder: string, index: number) =>
  join(folder, "samples", `${String(index).padStart(6, "0")}.png`);

/**
 * Opens the journal of a run folder; a batch of which a file has gone is drawn again. A damaged journal starts anew.
 * @param request everything that the images depend on, as plain data
 * @throws DifftapError STORE_MISMATCH, saying what differs, when the folder holds samples of another request.
 */
export async function openJournal(
  folder: string,
  request: Readonly<Record<string, unknown>>,
): Promise<SampleJournal> {
  const path = join(folder, "samples.json");
  const kept = await readJournal(path);
  if (kept !== undefined) checkRequest(folder, kept.request, request);
  const batches = new Map(kept?.batches.map(({ first, seconds }) => [first, seconds]));
  return {
    seconds: (first) => batches.get(first),
    async finish(first, seconds) {
      batches.set(first, seconds);
      const list = Array.from(batches, ([start, took]) => ({ first: start, seconds: took }));
      const journal = { request, batches: list.sort((a, b) => a.first - b.first) };
      await writeFileAtomic(path, `${JSON.stringify(journal, null, 2)}\n`);
    },
  };
}

async function readJournal(path: string): Promise<Journal | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

function checkRequest(
  folder: string,
  kept: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): void {
  const text = (value: unknown) => (value === undefined ? "none" : stableStringify(value));
  const different = [...new Set([...Object.keys(kept), ...Object.keys(wanted)])].filter(
    (key) => text(kept[key]) !== text(wanted[key]),
  );
  if (different.length === 0) return;
  const said = different.map(
    (key) => `${key} ${shortened(text(kept[key]))}, not ${shortened(text(wanted[key]))}`,
  );
  throw new DifftapError("STORE_MISMATCH", `${folder} holds samples of another request: ${said.join("; ")}`, {
    hint: "take another --out, or the settings that these were drawn with",
    details: { different },
  });
}

const SHOWN = 60;
const shortened = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
