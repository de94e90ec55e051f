/** Where reference tensors and real images lie, and how the tensors are read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

export const fixturesFolder = process.env.DIFFTAP_FIXTURES ?? join(repository, "../shared/fixtures");
export const dataFolder = process.env.DIFFTAP_DATA ?? join(repository, "../shared/data");

/** The bytes and shape of one tensor of a safetensors file. */
export function tensorBytes(path: string, name: string): { bytes: Uint8Array; shape: number[] } {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, start).toString()) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const entry = header[name];
  if (entry === undefined) throw new Error(`${path} has no tensor ${name}`);
  const [from, to] = entry.data_offsets;
  return { bytes: file.subarray(start + from, start + to), shape: entry.shape };
}
