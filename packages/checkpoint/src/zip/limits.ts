/** What a zip archive may ask for before it is refused. */

/** torch.save writes one member per storage; the largest optimiser states have some 60,000. */
export const MAX_MEMBERS = 200_000;

/** Deflate reaches 1032:1 on zeros; weights stay under 10:1. Above this ratio a small file is a bomb, not a model. */
export const MAX_INFLATION_RATIO = 100;

/** Up to here any ratio is allowed: an all-zero layer, saved deflated, is legal. */
export const FREE_INFLATED_BYTES = 64 << 20;

/** One deflated member has to be inflated whole in memory; node's zlib holds at most 4 GiB. torch.save never deflates. */
export const MAX_INFLATED_BYTES = 2 ** 32 - 1;

/**
 * A stored member up to this size is always read whole, so that its CRC-32 can be checked even when only a part was asked for.
 * Beyond it a part is read alone and unchecked: checking it would read the rest.
 */
export const ALWAYS_CHECKED_BYTES = 8 << 20;
