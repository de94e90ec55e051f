/** Parsers under arbitrary bytes: a value or a DifftapError, never another exception, never longer than two seconds. */
import { isDifftapError } from "@difftap/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { memorySource } from "../src/files/byte-source.js";
import { parseIdx } from "../src/files/idx.js";
import { indexBytes } from "../src/webdataset/shard-index.js";
import { expandBraces } from "../src/webdataset/shard-paths.js";
import { tarEntries } from "../src/webdataset/tar-entries.js";
import { streamingInput } from "../src/webdataset/tar-input.js";
import { idxBytes, tarBytes } from "./temporary.js";

const runs = Number(process.env.DIFFTAP_FUZZ_RUNS ?? 300);
const seed = Number(process.env.DIFFTAP_FUZZ_SEED ?? Date.now() % 2 ** 31);
const SLOWEST_MS = 2000;

/** Runs a parser; what it may do is return or throw a DifftapError, soon. */
async function holds(parse: () => unknown): Promise<void> {
  const start = performance.now();
  try {
    await parse();
  } catch (error) {
    if (!isDifftapError(error)) throw error;
  }
  expect(performance.now() - start).toBeLessThan(SLOWEST_MS);
}

async function fuzz<T>(arbitrary: fc.Arbitrary<T>, parse: (value: T) => unknown): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, (value) => holds(() => parse(value))),
    { numRuns: runs, seed },
  );
}

/** Valid bytes with a few bytes changed, then perhaps cut. */
function damaged(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
  return fc.tuple(valid, edits, fc.option(fc.nat())).map(([bytes, changes, cut]) => {
    const copy = Uint8Array.from(bytes);
    for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
    return cut === null ? copy : copy.subarray(0, cut % (copy.length + 1));
  });
}

const member = fc.record({
  name: fc.oneof(
    fc.constantFrom("a.jpg", "a.cls", "a.json", "b/c.png", "../x.jpg", "/x.jpg", "x"),
    fc.string({ maxLength: 120 }),
  ),
  content: fc.oneof(
    fc.uint8Array({ maxLength: 700 }),
    fc.constantFrom("3", "17 path=/etc/pw\n", "12 size=99\n", '{"label":1}'),
  ),
  type: fc.constantFrom("0", "0", "0", "\0", "1", "2", "5", "7", "x", "g", "L", "K", "S", "?"),
  size: fc.option(
    fc.nat().map((quarter) => quarter * 4),
    { nil: undefined, freq: 8 },
  ),
});

const archives = fc.array(member, { maxLength: 8 }).map((members) => new Uint8Array(tarBytes(members)));
const tarLike = fc.oneof(archives, damaged(archives), fc.uint8Array({ maxLength: 2048 }));

const idxFiles = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 5 }), fc.option(fc.nat({ max: 2 ** 31 })))
  .map(
    ([shape, magic]) =>
      new Uint8Array(idxBytes(shape, new Uint8Array(shape.reduce((a, b) => a * b, 1)), magic ?? undefined)),
  );

it(`IDX headers, ${runs} cases, seed ${seed}`, { timeout: 600_000 }, async () => {
  await fuzz(fc.oneof(idxFiles, damaged(idxFiles), fc.uint8Array({ maxLength: 64 })), (bytes) =>
    parseIdx(memorySource(bytes, "fuzz"), [1, 3, 4]),
  );
});

it(`tar archives read in place, ${runs} cases, seed ${seed}`, { timeout: 600_000 }, async () => {
  await fuzz(tarLike, (bytes) => indexBytes(bytes, "fuzz"));
});

it(`tar archives as a stream, ${runs} cases, seed ${seed}`, { timeout: 600_000 }, async () => {
  const chunk = fc.integer({ min: 1, max: 900 });
  await fuzz(fc.tuple(tarLike, chunk), async ([bytes, length]) => {
    const chunks = (async function* () {
      for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
    })();
    for await (const entry of tarEntries(streamingInput(chunks, "fuzz")))
      if (entry.size % 2 === 0) await entry.body();
  });
});

it(`both walks agree, ${runs} cases, seed ${seed}`, { timeout: 600_000 }, async () => {
  const listed = async (
    walk: AsyncGenerator<{ name: string; size: number; offset: number }>,
  ): Promise<string> => {
    const seen: string[] = [];
    try {
      for await (const { name, size, offset } of walk) seen.push(`${name} ${size} ${offset}`);
    } catch (error) {
      if (!isDifftapError(error)) throw error;
      seen.push(error.code);
    }
    return seen.join("\n");
  };
  const { seekingInput } = await import("../src/webdataset/tar-input.js");
  await fc.assert(
    fc.asyncProperty(tarLike, async (bytes) => {
      const inPlace = await listed(tarEntries(seekingInput(memorySource(bytes, "fuzz"))));
      const chunks = (async function* () {
        yield bytes;
      })();
      expect(await listed(tarEntries(streamingInput(chunks, "fuzz")))).toBe(inPlace);
    }),
    { numRuns: runs, seed },
  );
});

it(`brace patterns, ${runs} cases, seed ${seed}`, { timeout: 600_000 }, async () => {
  const part = fc.constantFrom("{", "}", ",", "..", "0", "09", "12", "a", "-", "99999999999999999999");
  await fuzz(
    fc.array(part, { maxLength: 16 }).map((parts) => parts.join("")),
    (pattern) => expandBraces(pattern),
  );
});
