/** The reference steps beside the repository, where they are. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type NdArray, ndarray } from "@difftap/core";
import type { HeadTap } from "../src/index.js";

const beside = fileURLToPath(new URL("../../../../shared/fixtures/", import.meta.url));
const folder = `${process.env.DIFFTAP_FIXTURES ?? beside}/heads`;

export const fixturesMissing = !existsSync(`${folder}/heads.safetensors`);

export interface Case {
  readonly head: string;
  readonly blocks: readonly number[];
  readonly timesteps: readonly number[];
  readonly classes: number;
  /** Trained parameters, all together. */
  readonly params: number;
  readonly optimizer: { readonly lr: number; readonly momentum: number; readonly weight_decay: number };
  readonly [setting: string]: unknown;
}

interface Cases {
  readonly taps: Record<string, { channels: number; size: number }>;
  readonly cases: Record<string, Case>;
}

const reference: Cases = fixturesMissing
  ? { taps: {}, cases: {} }
  : JSON.parse(readFileSync(`${folder}/cases.json`, "utf8"));

/** Nothing where the fixtures are missing. */
export const { cases } = reference;

/** A case's spec in this package's words. */
export function specOf({ head, blocks, timesteps, classes, params, optimizer, ...settings }: Case): unknown {
  const { mlp_ratio: mlpRatio, activation, ...same } = settings;
  if (activation !== undefined && activation !== "relu") throw new Error(`activation ${activation}`);
  return mlpRatio === undefined ? same : { ...same, mlpRatio };
}

/** Timestep after timestep, the blocks of each in the case's order. */
export function tapsOf({ blocks, timesteps }: Case): HeadTap[] {
  return timesteps.flatMap((timestep) =>
    blocks.map((block) => {
      const { channels, size } = reference.taps[block]!;
      const name = `t${timestep}/b${String(block).padStart(2, "0")}`;
      return { name, block, timestep, channels, height: size, width: size };
    }),
  );
}

export interface Fixture {
  readonly names: readonly string[];
  read(name: string): NdArray<"float32">;
}

/** A safetensors file: an 8-byte header length, a JSON header, the data. */
export function openFixture(path = `${folder}/heads.safetensors`): Fixture {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, start));
  const read = (name: string) => {
    const { dtype, shape, data_offsets } = header[name];
    const [from, to] = data_offsets.map((offset: number) => offset + start);
    const { buffer } = new Uint8Array(file.subarray(from, to));
    const data =
      dtype === "I64" ? Float32Array.from(new BigInt64Array(buffer), Number) : new Float32Array(buffer);
    return ndarray("float32", shape, data);
  };
  return { names: Object.keys(header), read };
}
