/** Files of the legacy format that contradict themselves. */
import { describe, expect, it } from "vitest";
import { expectRefused, x } from "./support/hostile.js";
import { pickle, Tuple, type Value } from "./support/pickle-writer.js";
import { stateDict, storage, tensor, torchLegacy } from "./support/torch-writer.js";

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
