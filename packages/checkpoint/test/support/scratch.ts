/** A folder per test file, gone afterwards; and the two outcomes that opening a checkpoint may have. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf, type DifftapError, isDifftapError, type NdArray } from "@difftap/core";
import { afterAll } from "vitest";
import { type OpenOptions, openWeights } from "../../src/index.js";

export function scratch(): (name: string, bytes?: Uint8Array) => string {
  const folder = mkdtempSync(join(tmpdir(), "difftap-checkpoint-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name, bytes) => {
    const path = join(folder, name);
    if (bytes) writeFileSync(path, bytes);
    return path;
  };
}

/** Every tensor of the file. */
export async function readAll(path: string, options?: OpenOptions): Promise<Record<string, NdArray>> {
  const weights = await openWeights(path, options);
  try {
    const arrays: Record<string, NdArray> = {};
    for (const name of weights.tensors.keys()) arrays[name] = await weights.read(name);
    return arrays;
  } finally {
    await weights.close();
  }
}

/** The DifftapError of opening and reading everything; undefined when it went well. Any other error passes through. */
export async function refusalOf(
  path: string,
  options?: OpenOptions,
  onRead?: (arrays: Record<string, NdArray>) => void,
): Promise<DifftapError | undefined> {
  try {
    const arrays = await readAll(path, options);
    onRead?.(arrays);
    return undefined;
  } catch (error) {
    if (isDifftapError(error)) return error;
    throw error;
  }
}

/** Comparable by toEqual: dtype, shape and bytes. */
export function plain(arrays: Record<string, NdArray>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [
      name,
      { dtype: array.dtype, shape: array.shape, bytes: Buffer.from(bytesOf(array)).toString("hex") },
    ]),
  );
}
