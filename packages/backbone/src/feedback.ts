/**
 * Feedback from decoder to encoder, as a plan: pass 1 reads decoder features; in pass 2 each feedback block's features, turned by a
 * module of their own into what the mirror block gives, are added to the mirror block's output. What lies before the first such
 * addition is the same in both passes, so pass 2 starts there.
 * Source: arXiv 2311.17921, section 3 (DifFeed).
 */
import { DifftapError } from "@difftap/core";
import { type BlockInfo, findBlock } from "./blocks.js";

export interface FeedbackRequest {
  /** Output blocks whose pass 1 features are fed back. */
  readonly blocks: readonly number[];
  /** Blocks read in pass 2, one or more. */
  readonly read: readonly number[];
}

export interface FeedbackPlan {
  /** In the order asked for: where features come from, and the input block that they are added to. */
  readonly connections: readonly { readonly from: BlockInfo; readonly to: BlockInfo }[];
  /** The first block that is added to: pass 2 begins with its output in pass 1. */
  readonly start: number;
  /** Input blocks before `start` whose pass 1 outputs pass 2 joins. */
  readonly kept: readonly number[];
  /** The deepest block read in pass 2, which ends there. */
  readonly deepest: number;
  /** All blocks whose whole maps pass 1 gives to pass 2, in running order. */
  readonly needed: readonly number[];
}

/**
 * Plans both passes.
 * @throws DifftapError REQUEST_INVALID for a feedback block that is no output block, is there twice, or acts after the deepest block
 * read; for a block read in pass 2 before anything is added, where both passes are equal; for none at all.
 */
export function planFeedback(
  blocks: readonly BlockInfo[],
  { blocks: sources, read }: FeedbackRequest,
): FeedbackPlan {
  checkSome(sources, read);
  const connections = sources.map((number) => connectionOf(blocks, number));
  const start = Math.min(...connections.map(({ to }) => to.number));
  const deepest = Math.max(...read.map((number) => findBlock(blocks, number).number));
  for (const number of read) if (number < start) throw unchanged(number, start);
  for (const { from, to } of connections) if (to.number > deepest) throw withoutEffect(from, to, deepest);
  const kept = blocks.flatMap(({ number, mirror, kind }) =>
    kind === "output" && number <= deepest && mirror! < start ? [mirror!] : [],
  );
  const needed = [...new Set([start, ...kept, ...sources])].sort((a, b) => a - b);
  return { connections, start, kept, deepest, needed };
}

function checkSome(sources: readonly number[], read: readonly number[]): void {
  if (sources.length === 0) throw refuse("no feedback block is named", "name output blocks", {});
  if (read.length === 0)
    throw refuse("nothing is read in pass 2", "without pass 2 no feedback is needed", {});
  const twice = sources.find((block, index) => sources.indexOf(block) !== index);
  if (twice !== undefined)
    throw refuse(`feedback block ${twice} is there twice`, "name each once", { block: twice });
}

function connectionOf(blocks: readonly BlockInfo[], number: number): FeedbackPlan["connections"][number] {
  const from = findBlock(blocks, number);
  if (from.kind === "output") return { from, to: findBlock(blocks, from.mirror!) };
  const why =
    from.kind === "middle"
      ? "the middle block has no mirror to feed"
      : "it lies in the encoder, which is fed";
  const outputs = blocks.filter(({ kind }) => kind === "output").map((block) => block.number);
  throw refuse(
    `block ${number} cannot feed back: ${why}`,
    `output blocks feed: ${outputs[0]} to ${outputs.at(-1)}`,
    {
      block: number,
    },
  );
}

function unchanged(block: number, start: number): DifftapError {
  return refuse(
    `block ${block} is read in pass 2, which first differs from pass 1 at block ${start}`,
    "read it in pass 1, or feed back from a later block",
    { block, start },
  );
}

function withoutEffect(from: BlockInfo, to: BlockInfo, deepest: number): DifftapError {
  return refuse(
    `feedback block ${from.number} is added to block ${to.number}, after block ${deepest}, the deepest that is read`,
    "leave it out, or read a deeper block in pass 2",
    { from: from.number, to: to.number, deepest },
  );
}

function refuse(message: string, hint: string, details: Record<string, unknown>): DifftapError {
  return new DifftapError("REQUEST_INVALID", message, { hint, details });
}
