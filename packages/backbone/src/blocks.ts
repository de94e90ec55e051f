/** The table of blocks: what can be tapped, how wide and how large it is. */
import { DifftapError } from "@difftap/core";
import type { Architecture } from "./architecture.js";
import { type BlockPlan, planNetwork } from "./plan.js";

export interface BlockInfo {
  /** 1-based, in running order: input blocks, the middle block, output blocks. */
  readonly number: number;
  readonly kind: "input" | "middle" | "output";
  /** Channels of the block's output. */
  readonly channels: number;
  /** Image side over map side, at the block's output. */
  readonly downsample: number;
  /** The block on the other side of the middle: decoder block b feeds encoder block mirror. Null for the middle. */
  readonly mirror: number | null;
  /** Has an attention layer. */
  readonly attention: boolean;
}

/** Every block of an architecture; 2·(levels·residualBlocks + levels) + 1 of them. */
export function blockTable(architecture: Architecture): BlockInfo[] {
  const { blocks } = planNetwork(architecture);
  return blocks.map((block) => blockInfo(block, blocks.length));
}

/**
 * The block of that number.
 * @throws DifftapError REQUEST_INVALID that lists the legal blocks.
 */
export function findBlock(blocks: readonly BlockInfo[], number: number): BlockInfo {
  const found = blocks.find((block) => block.number === number);
  if (found !== undefined) return found;
  const legal = ranges(blocks);
  throw new DifftapError(
    "REQUEST_INVALID",
    `block ${number} does not exist; this network has blocks 1 to ${blocks.length}`,
    {
      hint: `legal blocks: ${legal}`,
      details: { block: number, legal: blocks.map((block) => block.number) },
    },
  );
}

export function blockInfo(block: BlockPlan, total: number): BlockInfo {
  const { number, kind, channels, downsample, layers } = block;
  const mirror = kind === "middle" ? null : total + 1 - number;
  return {
    number,
    kind,
    channels,
    downsample,
    mirror,
    attention: layers.some((layer) => layer.kind === "attention"),
  };
}

function ranges(blocks: readonly BlockInfo[]): string {
  const of = (kind: BlockInfo["kind"]): string => {
    const numbers = blocks.filter((block) => block.kind === kind).map((block) => block.number);
    const [first, last] = [numbers[0], numbers.at(-1)];
    return `${first === last ? first : `${first}–${last}`} (${kind})`;
  };
  return [of("input"), of("middle"), of("output")].join(", ");
}
