/**
 * Which parameters of a backbone are fine-tuned, and how fast: the learning rate falls from block to block away from the deepest tap.
 * Source: layer-wise learning-rate decay as BEiT (arXiv 2106.08254) and masked autoencoders (arXiv 2111.06377) fine-tune with.
 */
import { type Architecture, blockParameters, parameterShapes } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";

export interface Tuning {
  /** Block of the deepest tap: the network runs no further for the head. */
  readonly deepest: number;
  /** All blocks up to it with the embeddings, or the last so many; 0: none. */
  readonly blocks: "all" | number;
  /** The diffusion loss trains what lies behind the tap as well. */
  readonly diffusion: boolean;
  /** Learning rate of the deepest tap's block, as a share of the head's. */
  readonly share: number;
  /** Factor per block. */
  readonly decay: number;
}

/**
 * Shares of the head's learning rate by the names of the parameters that are trained. Embeddings count as the block before the first,
 * the layers behind the last block as the one after it.
 * @throws DifftapError CONFIG_INVALID for more blocks than there are up to the tap.
 */
export function rateShares(architecture: Architecture, tuning: Tuning): Map<string, number> {
  const { deepest, blocks, diffusion, share, decay } = tuning;
  if (blocks !== "all" && blocks > deepest) {
    throw new DifftapError(
      "CONFIG_INVALID",
      `${blocks} blocks to train, there are ${deepest} up to the tap`,
      {
        hint: `at most ${deepest}, or all`,
      },
    );
  }
  const first = blocks === "all" ? 0 : deepest - blocks + 1;
  const place = placesOf(architecture);
  const named = [...parameterShapes(architecture).keys()].map((name) => [name, place(name)] as const);
  const trained = named.filter(([, at]) => at >= first && (diffusion || at <= deepest));
  return new Map(trained.map(([name, at]) => [name, share * decay ** Math.abs(deepest - at)]));
}

/** The block of a parameter: 0 for embeddings, one more than there are for the output layers. */
function placesOf(architecture: Architecture): (name: string) => number {
  const blocks = blockParameters(architecture);
  const places = new Map(
    [...blocks].flatMap(([number, names]) => names.map((name) => [name, number] as const)),
  );
  return (name) => places.get(name) ?? (name.startsWith("out.") ? blocks.size + 1 : 0);
}
