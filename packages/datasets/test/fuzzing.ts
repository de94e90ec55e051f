/** What fuzz tests share: how many cases, what a parser may do, damaged bytes. */
import { isDifftapError } from "@difftap/core";
import fc from "fast-check";
import { expect } from "vitest";
import type { Written } from "./mat-bytes.js";

/** Cases of each property; `pnpm fuzz` takes 20,000. */
export const runs = Number(process.env.DIFFTAP_FUZZ_RUNS ?? 300);
export const seed = Number(process.env.DIFFTAP_FUZZ_SEED ?? Date.now() % 2 ** 31);
/** For all cases of a property, on a busy machine too. */
export const patience = { timeout: 2000 * runs };
/** Of processor time, which other work on the machine does not lengthen. */
const SLOWEST_MS = 2000;

async function holds(parse: () => unknown): Promise<void> {
  const start = process.cpuUsage();
  try {
    await parse();
  } catch (error) {
    if (!isDifftapError(error)) throw error;
  }
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(SLOWEST_MS);
}

/** Runs a parser on cases; each may return or throw a DifftapError. */
export async function fuzz<T>(arbitrary: fc.Arbitrary<T>, parse: (value: T) => unknown): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, (value) => holds(() => parse(value))),
    { numRuns: runs, seed },
  );
}

/** Valid bytes with a few bytes changed, then perhaps cut. */
export function damaged(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
  return fc.tuple(valid, edits, fc.option(fc.nat())).map(([bytes, changes, cut]) => {
    const copy = Uint8Array.from(bytes);
    for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
    return cut === null ? copy : copy.subarray(0, cut % (copy.length + 1));
  });
}

/** Text as files have it. */
export const utf8 = (text: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> =>
  text.map((written) => new Uint8Array(Buffer.from(written)));

/** Anything that a variable of a .mat file may be. */
export const { written: matValue } = fc.letrec<{ written: Written }>((tie) => ({
  written: fc.oneof(
    { depthSize: "small" },
    fc.array(fc.double(), { maxLength: 4 }),
    fc.string({ maxLength: 6 }),
    fc.array(tie("written"), { maxLength: 3 }),
    fc
      .array(fc.record({ a: tie("written"), b: fc.string({ maxLength: 3 }) }), { maxLength: 2 })
      .map((structs) => ({ structs })),
  ),
}));
