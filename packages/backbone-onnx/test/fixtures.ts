/** Where the reference tensors lie, if they do, and how far from them a result is. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Architecture, parseArchitecture } from "@difftap/backbone";
import { openWeights, type WeightSource } from "@difftap/checkpoint";
import type { NdArray } from "@difftap/core";

const root =
  process.env.DIFFTAP_FIXTURES ?? fileURLToPath(new URL("../../../../shared/fixtures", import.meta.url));

export function fixture(...parts: string[]): string {
  return join(root, ...parts);
}

export const fixturesMissing = !existsSync(fixture("adm"));

export function readArchitecture(folder: string): Architecture {
  return parseArchitecture(JSON.parse(readFileSync(join(folder, "architecture.json"), "utf8")));
}

export async function readTensors(path: string): Promise<Map<string, NdArray>> {
  const source: WeightSource = await openWeights(path);
  const tensors = new Map<string, NdArray>();
  for (const name of source.tensors.keys()) tensors.set(name, await source.read(name));
  await source.close();
  return tensors;
}

export function largestDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < got.length; index += 1) {
    const difference = Math.abs(got[index]! - want[index]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

export function standardDeviation(values: ArrayLike<number>): number {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
}

export function largestMagnitude(values: ArrayLike<number>): number {
  return Array.from(values).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}
