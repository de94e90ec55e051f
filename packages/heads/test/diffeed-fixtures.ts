/** Cases of DifFeed that the authors' code computed, in this package's words. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Architecture, architectureFromFlags } from "@difftap/backbone";
import type { HeadTap } from "../src/index.js";

const beside = fileURLToPath(new URL("../../../../shared/fixtures/", import.meta.url));
export const diffeedFolder = `${process.env.DIFFTAP_FIXTURES ?? beside}/diffeed`;

export const diffeedMissing = !existsSync(diffeedFolder);

export const diffeedCases = ["one-pass-tap", "two-timesteps-both-passes"] as const;

/** Plain JavaScript computes the larger case for 40 s: it takes that one where DIFFTAP_FIGURES asks for all figures. */
export const casesOn = (engine: string) =>
  engine === "cpu" && !process.env.DIFFTAP_FIGURES ? diffeedCases.slice(0, 1) : diffeedCases;

interface CaseFile {
  readonly flags: Record<string, unknown>;
  readonly feedback: { readonly blocks: readonly number[]; readonly architecture: string };
  readonly taps: { readonly first: readonly number[]; readonly second: readonly number[] };
  readonly timesteps: readonly number[];
  readonly head: Record<string, unknown> & { readonly classes: number };
  readonly optimizer: { readonly lr: number };
  readonly feedback_parameters: number;
}

export interface DiffeedCase {
  readonly architecture: Architecture;
  readonly spec: Record<string, unknown>;
  readonly taps: readonly HeadTap[];
  readonly timesteps: readonly number[];
  readonly classes: number;
  readonly side: number;
  readonly rate: number;
  readonly feedback: readonly number[];
  readonly second: readonly number[];
  readonly feedbackParameters: number;
}

export function readCase(name: string): DiffeedCase {
  const file: CaseFile = JSON.parse(readFileSync(`${diffeedFolder}/${name}/case.json`, "utf8"));
  const { kind: _, classes, mlp_ratio: mlpRatio, ...fusion } = file.head;
  const { blocks, architecture: module } = file.feedback;
  const { first, second } = file.taps;
  const read = [...new Set([...first, ...second])];
  // A tap's own size is not read: maps come whole.
  const tapAt = (timestep: number, block: number): HeadTap => ({
    name: `t${timestep}/b${block}`,
    block,
    timestep,
    channels: 1,
    height: 1,
    width: 1,
  });
  return {
    architecture: architectureFromFlags({ flags: file.flags, diffusion: {} }),
    spec: { ...fusion, mlpRatio, feedback: { blocks, module }, passes: { first, second } },
    taps: file.timesteps.flatMap((timestep) => read.map((block) => tapAt(timestep, block))),
    timesteps: file.timesteps,
    classes,
    side: Number(file.flags.image_size),
    rate: file.optimizer.lr,
    feedback: blocks,
    second,
    feedbackParameters: file.feedback_parameters,
  };
}
