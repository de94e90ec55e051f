/** Pickles that ask for too much. */
import { describe, it } from "vitest";
import { expectRefused, inDict, withOpcodes, withPickle, x } from "./support/hostile.js";
import { pickle, Raw, uint32, type Value } from "./support/pickle-writer.js";
import { stateDict, torchZip } from "./support/torch-writer.js";

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
