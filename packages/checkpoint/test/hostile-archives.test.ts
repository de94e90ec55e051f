/** Zip archives that lie about their members. */
import { ndarray } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { openWeights } from "../src/index.js";
import { expectRefused, x } from "./support/hostile.js";
import { scratch } from "./support/scratch.js";
import { torchMembers, torchZip } from "./support/torch-writer.js";
import { type Entry, zip } from "./support/zip-writer.js";

const file = scratch();

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
