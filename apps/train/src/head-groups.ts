/** Trained heads put together: those that differ in nothing but their seed are one row. */

import { mapTitle } from "@difftap/eval";
import { overSeeds, type TrainedHead } from "@difftap/run-folder";
import type { NamedResult } from "@difftap/trainer";
import type { Member } from "./members.js";
import { protocolOf } from "./protocol.js";
import { top1Of } from "./top1.js";
import type { TrainedHeads } from "./trained-heads.js";

/** A head with what became of it. */
export interface Outcome {
  readonly member: Member;
  readonly result: NamedResult;
}

export interface Group {
  readonly title: string;
  /** Those that ended with a number. */
  readonly sound: readonly Outcome[];
  readonly failed: readonly Outcome[];
}

export function groupsOf({ members, results }: TrainedHeads): Group[] {
  const outcomes = members.map((member, index) => ({ member, result: results[index]! }));
  const titles = [...new Set(members.map(({ title }) => title))];
  return titles.map((title) => {
    const own = outcomes.filter(({ member }) => member.title === title);
    const failed = own.filter(({ result }) => result.failure !== undefined);
    return { title, failed, sound: own.filter(({ result }) => result.failure === undefined) };
  });
}

/** Mean and deviation over the seeds of a group; undefined when all of them failed. */
function summaryOf({ sound }: Group): ReturnType<typeof overSeeds> | undefined {
  return sound.length === 0
    ? undefined
    : overSeeds(sound.map((outcome) => top1Of(outcome.result.evaluation!).value));
}

export interface RowFacts {
  readonly engine: string;
  readonly split: string;
  /** Seconds of the whole training, shared evenly by its heads. */
  readonly seconds: number;
  readonly stepsPerEpoch: number;
  /** The training features were read from disk as they were needed. */
  readonly streamed?: boolean | undefined;
}

/** A group as results.json has it; undefined when all seeds failed. */
export function rowOf(group: Group, facts: RowFacts): TrainedHead | undefined {
  const summary = summaryOf(group);
  if (!summary) return undefined;
  const { model, settings } = group.sound[0]!.member;
  const { description, variables } = model;
  const runs = group.sound.map((outcome) => ({
    seed: outcome.member.seed,
    top1: top1Of(outcome.result.evaluation!),
    epochs: outcome.result.steps / facts.stepsPerEpoch,
    seconds: facts.seconds,
  }));
  const failures = group.failed.map(({ member, result }) => ({
    seed: member.seed,
    reason: result.failure!.message,
  }));
  return {
    name: group.title,
    head: description.head,
    taps: model.reads.map(mapTitle),
    protocol: protocolOf({ ...settings, streamed: facts.streamed }, facts.engine),
    split: facts.split,
    settings: inWords(description.spec),
    parameters: [...variables.values()].reduce((sum, { size }) => sum + size, 0),
    runs,
    ...(failures.length > 0 && { failures }),
    ...summary,
  };
}

/** { pool: 2, norm: "batch" } → "pool 2, norm batch"; what is nested in parentheses. */
function inWords(spec: unknown): string {
  const fields = Object.entries(spec as Record<string, unknown>);
  return fields.map(([name, value]) => `${name} ${valueInWords(value)}`).join(", ") || "no settings";
}

function valueInWords(value: unknown): string {
  if (Array.isArray(value)) return value.join(",") || "none";
  return typeof value === "object" && value !== null ? `(${inWords(value)})` : String(value);
}
