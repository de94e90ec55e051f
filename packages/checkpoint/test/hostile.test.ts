/** Files made to harm: pickles that call, archives that explode, lies about sizes. */
import { existsSync } from "node:fs";
import { ndarray } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { openWeights } from "../src/index.js";
import { ascii, Call, Global, pickle, Raw, Tuple, uint32, type Value } from "./support/pickle-writer.js";
import { refusalOf, scratch } from "./support/scratch.js";
import { stateDict, storage, tensor, torchLegacy, torchMembers, torchZip } from "./support/torch-writer.js";
import { type Entry, zip } from "./support/zip-writer.js";

const file = scratch();
const x = ndarray("float32", [2, 2], Float32Array.of(1, 2, 3, 4));
const WORST_MILLISECONDS = 2_000;
const WORST_GROWTH_BYTES = 256 << 20;

/** Refused with CHECKPOINT_REFUSED, in time, in memory. */
async function expectRefused(bytes: Uint8Array, message: RegExp): Promise<void> {
  const path = file("hostile.pt", bytes);
  const [before, start] = [process.memoryUsage().rss, performance.now()];
  const error = await refusalOf(path);
  expect(performance.now() - start).toBeLessThan(WORST_MILLISECONDS);
  expect(process.memoryUsage().rss - before).toBeLessThan(WORST_GROWTH_BYTES);
  expect(error?.message).toMatch(message);
  expect(error?.message.length).toBeLessThan(1_000);
  expect(error).toMatchObject({ code: "CHECKPOINT_REFUSED", exitCode: 3 });
}

const withPickle = (bytes: Uint8Array, deflate = false): Buffer =>
  zip(
    torchMembers({ x }).map((member) =>
      member.name.endsWith("data.pkl") ? { ...member, bytes, deflate } : member,
    ),
  );
const withOpcodes = (...opcodes: number[]): Buffer => withPickle(pickle(new Raw(opcodes)));
const inDict = (value: Value): Value => new Map([...stateDict({ x }), ["evil", value]]);

describe("globals outside the allow-list", () => {
  const marker = file("was-run");
  const globals: [string, string][] = [
    ["posix", "system"],
    ["os", "system"],
    ["nt", "system"],
    ["builtins", "eval"],
    ["builtins", "exec"],
    ["builtins", "getattr"],
    ["__builtin__", "eval"],
    ["subprocess", "Popen"],
    ["torch", "load"],
    ["torch.hub", "load"],
    ["torch.storage", "_load_from_bytes"],
    ["torch._utils", "_rebuild_tensor_v2.__globals__"],
    ["collections", "OrderedDict.__class__"],
    ["numpy.core.multiarray", "scalar"],
    ["constructor", "constructor"],
    ["torch", "constructor"],
    ["toString", ""],
  ];
  const cases = globals.flatMap(([module, name]) =>
    [2, 4].map((protocol) => [module, name, protocol] as const),
  );

  it.each(cases)("%s.%s in a zip and in the legacy format, protocol %i", async (module, name, protocol) => {
    const call = inDict(new Call(new Global(module, name), new Tuple(`touch ${marker}`)));
    const message = new RegExp(
      `asks for "${module}\\.${name}", which a state dict does not need; nothing was run`.replaceAll(
        "(",
        "\\(",
      ),
    );
    await expectRefused(torchZip({ x }, { root: call, protocol }), message);
    await expectRefused(torchLegacy({ x }, call, protocol), message);
    await expectRefused(Buffer.from(pickle(call, protocol)), /asks for|persistent id outside/);
    expect(existsSync(marker)).toBe(false);
  });
});

describe("pickles", () => {
  const cases: [string, Buffer, RegExp][] = [
    ["INST", withOpcodes(0x28, 0x69, ...ascii("os\nsystem\n")), /opcode INST.*byte 3 is not for state dicts/],
    ["OBJ", withOpcodes(0x28, 0x6f), /opcode OBJ/],
    ["NEWOBJ", withOpcodes(0x81), /opcode NEWOBJ/],
    ["EXT1", withOpcodes(0x82, 1), /opcode EXT1/],
    ["an opcode that does not exist", withOpcodes(0xff), /opcode 0xff at byte 2/],
    ["a persistent id that is no storage", withOpcodes(0x4e, 0x51), /persistent id is None, not a tuple/],
    [
      "a module as persistent id",
      withPickle(
        pickle(
          new Call(new Global("collections", "OrderedDict"), new Tuple(), undefined, [
            ["a", storage("0", "float32", 4)],
            ["b", new Raw([...ascii("X"), ...uint32(6), ...ascii("module"), 0x85, 0x51])],
          ]),
        ),
      ),
      /persistent id of a "module"/,
    ],
    [
      "a storage class that is a function",
      withPickle(
        pickle(
          inDict(
            new Raw([
              0x28,
              ...ascii("X"),
              ...uint32(7),
              ...ascii("storage"),
              0x63,
              ...ascii("collections\nOrderedDict\n"),
              0x4b,
              0,
              0x4b,
              0,
              0x4b,
              0,
              0x74,
              0x51,
            ]),
          ),
        ),
      ),
      /names collections\.OrderedDict where a storage class belongs/,
    ],
    [
      "a call of a storage class",
      withPickle(pickle(inDict(new Call(new Global("torch", "FloatStorage"), new Tuple(4))))),
      /calls torch\.FloatStorage, which is not a function/,
    ],
    ["a call of a number", withOpcodes(0x4b, 1, 0x29, 0x52), /calls number/],
    [
      "a call without a tuple",
      withOpcodes(0x63, ...ascii("collections\nOrderedDict\n"), 0x4e, 0x52),
      /calls collections\.OrderedDict with None/,
    ],
    [
      "a tensor over a list",
      withPickle(pickle(inDict(tensor([], [2], [1])))),
      /tensor over list instead of a storage/,
    ],
    [
      "a tensor of a negative side",
      withPickle(pickle(inDict(tensor(storage("0", "float32", 4), [-1], [1])))),
      /tensor shape is -1, not a count/,
    ],
    [
      "a tensor of 2^70",
      withPickle(pickle(inDict(tensor(storage("0", "float32", 4), [2n ** 70n], [1])))),
      /tensor shape is 1180591620717411303424/,
    ],
    [
      "a tensor of 65 dimensions",
      withPickle(pickle(inDict(tensor(storage("0", "float32", 4), Array(65).fill(1), Array(65).fill(0))))),
      /65 dimensions, the limit is 64/,
    ],
    [
      "a storage of negative length",
      withPickle(pickle(inDict(tensor(storage("0", "float32", -4), [1], [1])))),
      /storage length is -4/,
    ],
    [
      "a storage that says more than the member holds",
      withPickle(pickle(inDict(tensor(storage("0", "float32", 2 ** 40), [1], [1])))),
      /storage model\/data\/0 has 16 bytes, its tensors say 4398046511104/,
    ],
    [
      "a storage that is not there",
      withPickle(pickle(inDict(tensor(storage("../../etc/passwd", "float32", 4), [1], [1])))),
      /no member "model\/data\/\.\.\/\.\.\/etc\/passwd"/,
    ],
    ["attributes on a list", withOpcodes(0x5d, 0x7d, 0x62), /sets attributes of list/],
    ["an item of a number", withOpcodes(0x4b, 1, 0x4b, 1, 0x4b, 1, 0x73), /sets items of number/],
    ["an append to a tuple", withOpcodes(0x29, 0x4e, 0x61), /appends to tuple/],
    ["a key without a value", withOpcodes(0x7d, 0x28, 0x4e, 0x75), /key without a value/],
    ["a pop of nothing", withOpcodes(0x30), /stack is empty/],
    ["a pop through a mark", withOpcodes(0x4e, 0x28, 0x30), /stack is empty/],
    ["no mark", withOpcodes(0x74), /no mark is open/],
    ["a memo that is not there", withOpcodes(0x68, 9), /memo has no value 9/],
    ["an open mark at the end", withOpcodes(0x28, 0x4e), /ends with an open mark/],
    ["protocol 9", withPickle(Buffer.of(0x80, 9, 0x4e, 0x2e)), /protocol 9 is unknown/],
    ["no end", withPickle(Buffer.of(0x80, 2, 0x4e)), /needs 1 bytes at byte 3, but the pickle ends at 3/],
    [
      "bytes behind the end",
      withPickle(Buffer.concat([pickle(stateDict({ x })), Buffer.alloc(3)])),
      /3 bytes follow the pickle/,
    ],
    ["text that is not UTF-8", withOpcodes(0x8c, 1, 0xff), /text at byte 4 is not UTF-8/],
  ];
  it.each(cases)("refuses %s", (_, bytes, message) => expectRefused(bytes, message));
});

describe("limits of the pickle", () => {
  const bulk = (pattern: number[], times: number, ...end: number[]): Buffer =>
    withPickle(
      Buffer.concat([
        Buffer.of(0x80, 2),
        Buffer.alloc(pattern.length * times, Buffer.from(pattern)),
        Buffer.of(...end, 0x2e),
      ]),
      true,
    );
  const deep = (levels: number): Value =>
    levels === 0 ? (stateDict({ x }).get("x") as Value) : [deep(levels - 1)];
  /** A dict whose item "evil" is made by these opcodes. */
  const evil = (...opcodes: number[][]): Buffer => withPickle(pickle(inDict(new Raw(opcodes.flat()))));
  /** Lists that hold the one before twice: 2^depth leaves. */
  const doubling = (depth: number): Buffer => {
    const levels = Array.from({ length: depth }, (_, i) => [
      0x5d,
      0x28,
      0x68,
      i,
      0x68,
      i,
      0x65,
      0x71,
      i + 1,
      0x30,
    ]);
    return evil([0x5d, 0x71, 0, 0x30], ...levels, [0x68, depth]);
  };
  const selfish = evil([0x5d, 0x71, 0, 0x68, 0, 0x61]);
  /** A dict of 90,000 skipped keys, at 90,000 places. */
  const skipped = (): Buffer => {
    const many = (pattern: number[]): number[] => Array.from({ length: 90_000 }, () => pattern).flat();
    return evil([0x7d, 0x28], many([0x4e, 0x4e]), [0x75, 0x71, 0, 0x30, 0x5d, 0x28], many([0x68, 0]), [0x65]);
  };
  /** One tensor under one key of a million characters, a hundred times. */
  const longName = (): Buffer => {
    const one = pickle(stateDict({ x }).get("x") as Value).subarray(2, -1);
    const remembered = (index: number): Buffer => Buffer.of(0x71, index, 0x30);
    const key = Buffer.concat([Buffer.of(0x58, ...uint32(1_000_000)), Buffer.alloc(1_000_000, "n")]);
    const items = Array.from({ length: 100 }, (_, i) => Buffer.of(0x4b, i, 0x7d, 0x68, 0, 0x68, 1, 0x73));
    return withPickle(
      Buffer.concat([
        Buffer.of(0x80, 2),
        key,
        remembered(0),
        one,
        remembered(1),
        Buffer.of(0x7d, 0x28),
        ...items,
        Buffer.of(0x75, 0x2e),
      ]),
      true,
    );
  };

  const cases: [string, () => Buffer, RegExp][] = [
    ["opcodes", () => bulk([0x4e, 0x30], 1_500_000, 0x4e), /over 1000000 opcodes/],
    ["values on the stack", () => bulk([0x7d], 300_000), /stack is over 200000 values/],
    ["open marks", () => bulk([0x28], 2_000), /over 1000 marks are open/],

    [
      "memo of one value",
      () =>
        withPickle(
          Buffer.concat([Buffer.of(0x80, 4, 0x7d), Buffer.alloc(600_000, 0x94), Buffer.of(0x2e)]),
          true,
        ),
      /memo is over 500000 values/,
    ],
    [
      "a long string",
      () =>
        withPickle(
          Buffer.concat([
            Buffer.of(0x80, 2, 0x58, ...uint32(2 << 20)),
            Buffer.alloc(2 << 20),
            Buffer.of(0x2e),
          ]),
        ),
      /string of 2097152 bytes, the limit is 1048576/,
    ],
    ["a string of 2^64 bytes", () => withOpcodes(0x8d, ...Array(8).fill(255)), /the limit is 1048576/],
    [
      "a long integer",
      () => withOpcodes(0x8b, ...uint32(2 ** 31)),
      /integer of 2147483648 bytes, the limit is 64/,
    ],
    [
      "a long global name",
      () => withOpcodes(0x63, ...Array(600).fill(0x61)),
      /global name at byte 3 is over 512 bytes/,
    ],
    [
      "a pickle of 20 MB",
      () => withPickle(Buffer.alloc(20 << 20), true),
      /data\.pkl has 20971520 bytes, the limit is 16777216/,
    ],
    ["deep nesting", () => withPickle(pickle(inDict(deep(80)))), /nests over 64 containers/],
    ["a list in itself", () => selfish, /nests over 64 containers/],
    ["2^60 leaves", () => doubling(60), /unfolds to over 1000000 values/],
    ["keys that are skipped, again and again", skipped, /unfolds to over 1000000 values/],
    ["a long name repeated", longName, /names are over 16000000 characters/],
    [
      "values beside the tensors",
      () =>
        torchZip(
          { x },
          {
            root: new Map<string, Value>([
              ...stateDict({ x }),
              ...Array.from({ length: 10_001 }, (_, i) => [`k${i}`, 1] as const),
            ]),
          },
        ),
      /10001 plain values at its top, the limit is 10000/,
    ],
  ];
  it.each(cases)("refuses too much: %s", { timeout: 30_000 }, (_, make, message) =>
    expectRefused(make(), message),
  );

  it("holds hundreds of thousands of small objects in little memory", { timeout: 30_000 }, async () => {
    const pattern = [0x5d, 0x94, 0x30];
    await expectRefused(bulk(pattern, 330_000, 0x4e), /holds a None without a tensor/);
    await expectRefused(
      bulk([0x7d, 0x94, 0x4b, 1, 0x4e, 0x73, 0x30], 160_000, 0x4e),
      /holds a None without a tensor/,
    );
  });
});

describe("archives", () => {
  const members = torchMembers({ x });
  const change = (name: string, lie: Partial<Entry>): Buffer =>
    zip(members.map((member) => (member.name.endsWith(name) ? { ...member, ...lie } : member)));
  const zeros = Buffer.alloc(80 << 20);
  const cases: [string, () => Uint8Array, RegExp][] = [
    ["a member twice", () => zip([...members, members[2] as Entry]), /two members called model\/data\/0/],
    ["two members over the same bytes", () => change("version", { offset: 0 }), /overlaps member/],
    [
      "a member beyond the end",
      () => change("version", { size: 5_000, storedSize: 5_000 }),
      /ends beyond the file's/,
    ],
    ["an encrypted member", () => change("data/0", { flags: 1 }), /model\/data\/0|mismatch/],
    [
      "a strange compression",
      () => change("data/0", { method: 12 }),
      /compressed by method 12; only stored and deflated/,
    ],
    [
      "a wrong checksum",
      () => change("data/0", { crc: 1 }),
      /member model\/data\/0 is damaged: CRC-32 [0-9a-f]{8}, expected 00000001/,
    ],
    ["a wrong checksum of the pickle", () => change("data.pkl", { crc: 1 }), /data\.pkl is damaged/],
    ["sizes that disagree", () => change("data/0", { size: 15 }), /size mismatch/],
    [
      "a bomb",
      () => zip([...members, { name: "model/data/9", bytes: zeros, deflate: true }]),
      /would inflate from \d+ to 83886080 bytes; the limit is 67108864/,
    ],
    [
      "a deflated member longer than it says",
      () => change("data/0", { bytes: zeros.subarray(0, 4096), deflate: true, size: 16 }),
      /cannot be inflated to its 16 bytes/,
    ],
    [
      "a deflated member shorter than it says",
      () => change("data/0", { bytes: Buffer.alloc(8), deflate: true, size: 16 }),
      /does not inflate to its 16 bytes/,
    ],
    ["deflate that is none", () => change("data/0", { method: 8 }), /cannot be inflated|does not inflate/],
    [
      "more members than may be",
      () => zip(members, { count: 2 ** 40, zip64: true }),
      /announces 1099511627776 members, the limit is 200000/,
    ],
    [
      "more members than there are",
      () => zip(members, { count: 60_000 }),
      /the zip directory needs bytes \d+ to \d+, but the file has \d+/,
    ],
    [
      "a name that climbs",
      () => zip([...members, { name: "../../etc/passwd", bytes: Buffer.alloc(1) }]),
      /invalid relative path/,
    ],
    [
      "an absolute name",
      () => zip([...members, { name: "/etc/passwd", bytes: Buffer.alloc(1) }]),
      /absolute path/,
    ],
    ["no pickle", () => zip(members.slice(1)), /has no NAME\/data\.pkl/],
    [
      "two pickles",
      () => zip([...members, { ...(members[0] as Entry), name: "other/data.pkl" }]),
      /has 2 NAME\/data\.pkl/,
    ],
    ["no members", () => zip([]), /has no NAME\/data\.pkl/],
    [
      "something before the archive",
      () => Buffer.concat([Buffer.from("PK??"), zip(members)]),
      /not a readable zip archive/,
    ],
  ];
  it.each(cases)("refuses %s", (_, make, message) => expectRefused(make(), message));

  it("takes a deflated layer of zeros, whose ratio is high but whose size is small", async () => {
    const large = ndarray("float32", [1024, 1024]);
    const weights = await openWeights(file("zeros.pt", torchZip({ large }, { deflate: true })));
    expect((await weights.read("large")).data.every((value) => value === 0)).toBe(true);
    await weights.close();
  });
});

describe("the legacy format", () => {
  const good = torchLegacy({ x });
  const patched = (from: Buffer, to: Buffer): Buffer => {
    const at = good.indexOf(from);
    expect(at).toBeGreaterThan(0);
    return Buffer.concat([good.subarray(0, at), to, good.subarray(at + from.length)]);
  };
  const root = (...more: [string, Value][]): Buffer =>
    torchLegacy({ x }, new Map([...stateDict({ x }, true), ...more]));
  const cases: [string, () => Buffer, RegExp][] = [
    [
      "a pickle that torch did not write",
      () => Buffer.from(pickle(stateDict({}))),
      /not torch's magic number/,
    ],
    [
      "another version",
      () => patched(Buffer.of(0x4a, 0xe9, 3, 0, 0), Buffer.of(0x4a, 0xea, 3, 0, 0)),
      /format version 1002, expected 1001/,
    ],
    [
      "a big-endian file",
      () =>
        patched(
          Buffer.concat([Buffer.from("little_endian"), Buffer.of(0x88)]),
          Buffer.concat([Buffer.from("little_endian"), Buffer.of(0x89)]),
        ),
      /big-endian/,
    ],
    ["bytes behind the end", () => Buffer.concat([good, Buffer.of(0)]), /1 bytes follow the last storage/],
    [
      "a storage that says another length",
      () => good.fill(5, good.length - 24, good.length - 23),
      /storage 0 says 5 elements, its tensors say 4/,
    ],
    [
      "a storage described in two ways",
      () => root(["y", tensor(storage("0", "int32", 4, null), [4])]),
      /describes storage "0" in two ways/,
    ],
    [
      "a storage that is not listed",
      () => root(["y", tensor(storage("7", "int32", 4, null), [4])]),
      /refers to 2 storages but lists 1/,
    ],
    [
      "a view beyond its storage",
      () => root(["y", tensor(storage("0", "float32", 4, new Tuple("v", 3, 2)), [1])]),
      /view of storage "0" ends at 5, it has 4/,
    ],
  ];
  it.each(cases)("refuses %s", (_, make, message) => expectRefused(make(), message));
});
