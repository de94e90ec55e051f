/**
 * Random, mutated and cut files: a value or a DifftapError, in under two seconds of processor time.
 * DIFFTAP_FUZZ_CASES sets the number of cases per property (`pnpm fuzz`: 20,000), DIFFTAP_FUZZ_SEED repeats a run.
 */
import { readFileSync } from "node:fs";
import { ndarray } from "@difftap/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../src/index.js";
import { ascii, uint32 } from "./support/pickle-writer.js";
import { refusalOf, scratch } from "./support/scratch.js";
import { torchLegacy, torchMembers, torchZip } from "./support/torch-writer.js";
import { zip } from "./support/zip-writer.js";

const cases = Number(process.env.DIFFTAP_FUZZ_CASES ?? 200);
const seed = Number(process.env.DIFFTAP_FUZZ_SEED ?? Date.now() % 2 ** 31);
const timeout = 60_000 + cases * 50;
/** Of processor time, so that a busy machine does not count. */
const WORST_MILLISECONDS = 2_000;

const file = scratch();
const arrays = {
  w: ndarray("float32", [2, 3], Float32Array.of(1, -2, 3, -4, 5, -6)),
  b: ndarray("bool", [2], Uint8Array.of(1, 0)),
};
const written = file("seed.safetensors");
await writeSafetensors(written, arrays);
const safetensors = readFileSync(written);
const samples: Record<string, Buffer> = {
  zip: torchZip(arrays),
  zip64: torchZip(arrays, { zip64: true, protocol: 4 }),
  deflated: torchZip(arrays, { deflate: true }),
  legacy: torchLegacy(arrays),
  safetensors,
};

const tally = new Map<string, { cases: number; refused: number; worst: number }>();

/** Opens and reads everything; any error but a DifftapError fails the property. */
async function survives(property: string, bytes: Uint8Array): Promise<void> {
  const path = file("case", bytes);
  const start = process.cpuUsage();
  const error = await refusalOf(path);
  const { user, system } = process.cpuUsage(start);
  const took = (user + system) / 1_000;
  const { cases: seen, refused, worst } = tally.get(property) ?? { cases: 0, refused: 0, worst: 0 };
  tally.set(property, {
    cases: seen + 1,
    refused: refused + Number(error !== undefined),
    worst: Math.max(worst, took),
  });
  expect(took).toBeLessThan(WORST_MILLISECONDS);
}

function holds(property: string, bytes: fc.Arbitrary<Uint8Array>): void {
  it(property, { timeout }, () =>
    fc.assert(
      fc.asyncProperty(bytes, (one) => survives(property, one)),
      { seed, numRuns: cases },
    ),
  );
}

afterAll(() => {
  const lines = [...tally].map(
    ([name, { cases: n, refused, worst }]) =>
      `  ${name}: ${n} cases, ${refused} refused, worst ${worst.toFixed(0)} ms`,
  );
  process.stderr.write(`checkpoint fuzz, seed ${seed}\n${lines.join("\n")}\n`);
});

const prefixes = [[], ascii("PK\x03\x04"), [0x80, 2], [0x80, 4], [16, 0, 0, 0, 0, 0, 0, 0, 0x7b]];
const random = fc
  .tuple(fc.constantFrom(...prefixes), fc.uint8Array({ maxLength: 4096 }))
  .map(([prefix, rest]) => Uint8Array.from([...prefix, ...rest]));

describe(`any bytes (seed ${seed})`, () => holds("random bytes behind a plausible start", random));

const edit = fc.record({
  at: fc.nat(),
  value: fc.nat(255),
  kind: fc.constantFrom("bit", "byte", "insert", "delete"),
});
type Edit = { at: number; value: number; kind: string };

function edited(bytes: Buffer, { at, value, kind }: Edit): Buffer {
  const position = at % (bytes.length + 1);
  const [head, tail] = [bytes.subarray(0, position), bytes.subarray(position)];
  if (kind === "insert") return Buffer.concat([head, Buffer.of(value), tail]);
  if (kind === "delete" || tail.length === 0) return Buffer.concat([head, tail.subarray(1)]);
  const changed = kind === "bit" ? (tail[0] as number) ^ (1 << (value & 7)) : value;
  return Buffer.concat([head, Buffer.of(changed), tail.subarray(1)]);
}

describe.each(Object.entries(samples))(`%s (seed ${seed})`, (name, sample) => {
  const mutated = fc.array(edit, { minLength: 1, maxLength: 8 }).map((edits) => edits.reduce(edited, sample));
  holds(`${name}: up to eight edits`, mutated);
  holds(
    `${name}: cut and edited`,
    fc.tuple(mutated, fc.nat()).map(([bytes, cut]) => bytes.subarray(0, cut % (bytes.length + 1))),
  );
});

/** Whole opcodes with plausible arguments, so that programs run far before they fail. */
const name = fc.constantFrom("w", "storage", "0", "1", "cpu", "state_dict", "");
const global = fc.constantFrom(
  "collections\nOrderedDict\n",
  "torch._utils\n_rebuild_tensor_v2\n",
  "torch._utils\n_rebuild_parameter\n",
  "torch\nFloatStorage\n",
  "torch\nSize\n",
  "torch\nfloat32\n",
  "torch._utils\n_rebuild_tensor_v3\n",
  "torch.storage\nUntypedStorage\n",
  "os\nsystem\n",
);
const tensorOpcodes = [...new Uint8Array(samples.zip as Buffer).subarray(0)].slice(
  (samples.zip as Buffer).indexOf("ctorch._utils"),
  (samples.zip as Buffer).indexOf("ccollections\nOrderedDict"),
);
const opcode = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...[
        0x28, 0x30, 0x31, 0x32, 0x4e, 0x88, 0x29, 0x85, 0x86, 0x87, 0x74, 0x5d, 0x6c, 0x61, 0x65, 0x7d, 0x73,
        0x75, 0x94, 0x52, 0x62, 0x51, 0x93,
      ].map((code) => [code]),
    ),
  },
  { weight: 3, arbitrary: fc.nat(255).map((value) => [0x4b, value]) },
  { weight: 1, arbitrary: fc.integer().map((value) => [0x4a, ...uint32(value >>> 0)]) },
  { weight: 3, arbitrary: name.map((text) => [0x8c, text.length, ...ascii(text)]) },
  { weight: 3, arbitrary: global.map((text) => [0x63, ...ascii(text)]) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(0x68, 0x71), fc.nat(8)).map(([code, index]) => [code, index]),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 9 }).map((bytes) => [0x8a, bytes.length, ...bytes]) },
  { weight: 2, arbitrary: fc.constant(tensorOpcodes) },
  { weight: 1, arbitrary: fc.nat(255).map((code) => [code]) },
);
const members = torchMembers(arrays);
const programs = fc.array(opcode, { maxLength: 200 }).map((codes) => {
  const bytes = Uint8Array.from([0x80, 2, ...codes.flat(), 0x2e]);
  return zip(members.map((member) => (member.name.endsWith("data.pkl") ? { ...member, bytes } : member)));
});

/** The pickle is edited, the archive and its checksums are made anew: damage that no checksum catches. */
const pickleMember = members.find((member) => member.name.endsWith("data.pkl"));
const editedPickles = fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => {
  const bytes = edits.reduce(edited, Buffer.from(pickleMember?.bytes ?? []));
  return zip(members.map((member) => (member === pickleMember ? { ...member, bytes } : member)));
});

describe(`pickle programs (seed ${seed})`, () => {
  holds("random opcodes in a sound archive", programs);
  holds("a real pickle with up to three edits, in a sound archive", editedPickles);
});

const number = fc.oneof(fc.nat(40), fc.integer(), fc.double(), fc.constantFrom(2 ** 53, 2 ** 32, -0, 1e300));
const odd = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.string(),
  number,
  fc.array(number, { maxLength: 4 }),
);
const description = fc.record(
  {
    dtype: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom("F32", "F16", "U8", "BOOL", "I64") },
      { weight: 1, arbitrary: odd },
    ),
    shape: fc.oneof(
      { weight: 5, arbitrary: fc.array(fc.nat(4), { maxLength: 4 }) },
      { weight: 1, arbitrary: odd },
    ),
    data_offsets: fc.oneof(
      { weight: 5, arbitrary: fc.tuple(fc.nat(64), fc.nat(64)) },
      { weight: 1, arbitrary: odd },
    ),
  },
  { requiredKeys: [] },
);
const headers = fc
  .tuple(
    fc.dictionary(
      fc.oneof(fc.constant("__metadata__"), fc.string()),
      fc.oneof({ weight: 9, arbitrary: description }, { weight: 1, arbitrary: odd }),
      { maxKeys: 4 },
    ),
    fc.uint8Array({ maxLength: 64 }),
  )
  .map(([entries, data]) => {
    const text = Buffer.from(JSON.stringify(entries));
    return Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(text.length)).buffer), text, data]);
  });

/** The header is edited, its length and the data are right. */
const headerText = safetensors.subarray(8, 8 + Number(safetensors.readBigUInt64LE(0)));
const editedHeaders = fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => {
  const text = edits.reduce(edited, headerText);
  const length = Buffer.from(BigUint64Array.of(BigInt(text.length)).buffer);
  return Buffer.concat([length, text, safetensors.subarray(8 + headerText.length)]);
});

describe(`safetensors headers (seed ${seed})`, () => {
  holds("random descriptions in sound JSON", headers);
  holds("a real header with up to three edits", editedHeaders);
});
