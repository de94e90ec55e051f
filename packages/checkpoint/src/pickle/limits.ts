/** What a pickle may ask for before it is refused. A state dict of 1,000 tensors takes about 30,000 opcodes. */

/** The pickle holds names and shapes, never weights: some 150 bytes per tensor. */
export const MAX_PICKLE_BYTES = 16 << 20;
/** 25 opcodes describe a tensor: 40,000 tensors, an optimiser's state of the largest models. More would take seconds. */
export const MAX_OPCODES = 1_000_000;
/** torch memoises a dozen values per tensor. */
export const MAX_MEMO = 500_000;
/** Items wait on the stack only within one dict, list or tuple; Python writes them in batches of 1,000. */
export const MAX_STACK = 200_000;
/** MARKs open at once: how deep containers nest while they are built. */
export const MAX_MARKS = 1_000;
/** A tensor's name, a storage key; the longest reasonable one is a text of the configuration. */
export const MAX_STRING_BYTES = 1 << 20;
/** Python's integers are unbounded; torch's magic number has 10 bytes, a random seed 8. */
export const MAX_INTEGER_BYTES = 64;
/** `module\nname\n` of a GLOBAL. */
export const MAX_GLOBAL_NAME_BYTES = 512;
/**
 * A tensor that repeats elements (expanded, overlapping strides) may unfold to this many bytes: enough for a broadcast bias,
 * too little for a few bytes of a file to fill the memory.
 */
export const MAX_EXPANDED_BYTES = 64 << 20;
/** PyTorch allows 64 dimensions. */
export const MAX_DIMENSIONS = 64;
