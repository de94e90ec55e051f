/** Files of several gigabytes that take no room: reading one tensor must not read, or map, the rest. */
import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { bytesOf } from "@difftap/core";
import { expect, it } from "vitest";
import { openWeights } from "../src/index.js";
import { pickle, type Value } from "./support/pickle-writer.js";
import { scratch } from "./support/scratch.js";
import { storage, tensor } from "./support/torch-writer.js";
import { centralHeader, endRecords, localHeader } from "./support/zip-writer.js";

const file = scratch();
const GIGABYTE = 2 ** 30;
const values = Float32Array.of(1.5, -2.5, 3.5, -4.5);
const bytes = Buffer.from(values.buffer);
/** What opening may cost: headers, the pickle, a page of the zip's directory and its end. */
const OPENING_BYTES = 300_000;

/** Counts what is read after opening. */
async function counted(path: string) {
  const reads: { offset: number; length: number }[] = [];
  const weights = await openWeights(path, { onRead: (offset, length) => reads.push({ offset, length }) });
  const total = () => reads.reduce((sum, { length }) => sum + length, 0);
  return { weights, total };
}

async function sparse(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, "w");
  await write(handle).finally(() => handle.close());
}

it("reads one tensor at the end of a safetensors file of 5 GB", async () => {
  const path = file("large.safetensors");
  const large = 5 * GIGABYTE;
  const entries = {
    large: { dtype: "F32", shape: [large / 4], data_offsets: [0, large] },
    small: { dtype: "F32", shape: [4], data_offsets: [large, large + 16] },
  };
  const header = Buffer.from(JSON.stringify(entries));
  await sparse(path, async (handle) => {
    await handle.write(Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer), 0, 8, 0);
    await handle.write(header, 0, header.length, 8);
    await handle.write(bytes, 0, 16, 8 + header.length + large);
  });
  const { weights, total } = await counted(path);
  const opening = total();
  expect(opening).toBeLessThan(1_000);
  expect([...(await weights.read("small")).data]).toEqual([...values]);
  expect(total() - opening).toBe(16);
  await weights.close();
});

it("reads tensors at both ends and in the middle of a zip64 checkpoint of 5 GB", async () => {
  const path = file("large.pt");
  const elements = (5 * GIGABYTE) / 4;
  const middle = 1_200_000_000;
  const root = new Map<string, Value>([
    ["large", tensor(storage("0", "float32", elements), [elements / 1024, 1024])],
    ["middle", tensor(storage("0", "float32", elements), [4], [1], middle)],
    ["small", tensor(storage("1", "float32", 4), [4])],
  ]);
  await writeSparseZip(path, root, elements * 4, middle * 4);
  const { weights, total } = await counted(path);
  const opening = total();
  expect(opening).toBeLessThan(OPENING_BYTES);
  expect(weights.tensors.get("large")?.shape).toEqual([elements / 1024, 1024]);
  expect([...(await weights.read("middle")).data]).toEqual([...values]);
  expect([...(await weights.read("small")).data]).toEqual([...values]);
  // Two local headers of 30 bytes and two tensors of 16.
  expect(total() - opening).toBe(2 * (30 + 16));
  await weights.close();
});

async function writeSparseZip(path: string, root: Value, size: number, middle: number): Promise<void> {
  const program = pickle(root);
  const members = [
    { name: "model/data.pkl", content: Buffer.from(program), size: program.length, at: 0 },
    { name: "model/data/0", content: bytes, size, at: middle },
    { name: "model/data/1", content: bytes, size: 16, at: 0 },
  ];
  await sparse(path, async (handle) => {
    const directory: Buffer[] = [];
    let offset = 0;
    for (const { name, content, size: length, at } of members) {
      const entry = { name, bytes: content, zip64: true };
      // The large member's checksum is never looked at: only parts of it are read.
      const fields = { method: 0, crc: crc32(content), storedSize: length, size: length };
      const local = localHeader(entry, fields);
      await handle.write(local, 0, local.length, offset);
      await handle.write(content, 0, content.length, offset + local.length + at);
      directory.push(centralHeader(entry, fields, offset));
      offset += local.length + length;
    }
    const central = Buffer.concat(directory);
    const end = Buffer.concat([central, endRecords(members.length, central.length, offset, { zip64: true })]);
    await handle.write(end, 0, end.length, offset);
  });
}

it("does not read the rest of a legacy checkpoint of 3 GB", async () => {
  const path = file("large-legacy.pt");
  const elements = (3 * GIGABYTE) / 4;
  const root = new Map<string, Value>([
    ["large", tensor(storage("0", "float32", elements, null), [elements])],
    ["small", tensor(storage("1", "float32", 4, null), [4])],
  ]);
  const front = Buffer.concat(
    [0x1950a86a20f9469cfc6cn, 1001, new Map(), root, ["0", "1"]].map((value) => pickle(value)),
  );
  await sparse(path, async (handle) => {
    const length = (count: number) => Buffer.from(BigInt64Array.of(BigInt(count)).buffer);
    await handle.write(Buffer.concat([front, length(elements)]));
    await handle.write(Buffer.concat([length(4), bytes]), 0, 24, front.length + 8 + elements * 4);
  });
  const { weights, total } = await counted(path);
  const opening = total();
  expect(opening).toBeLessThan(OPENING_BYTES);
  expect([...bytesOf(await weights.read("small"))]).toEqual([...bytes]);
  expect(total() - opening).toBe(16);
  await weights.close();
});
