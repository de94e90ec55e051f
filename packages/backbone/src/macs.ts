/**
 * Cost in multiply-accumulates (MAC), as the field's profilers count them: every multiplication of a convolution,
 * a linear layer or one of attention's two products counts one; biases, normalisations, activations, pooling,
 * additions and the softmax count nothing.
 */
import type { Architecture } from "./architecture.js";
import { type BlockPlan, type Layer, type NetworkPlan, planNetwork } from "./plan.js";
import { checkImageSize, type ImageSize } from "./size.js";

/**
 * Multiply-accumulates of one image of the given size up to and including each block: entry b − 1 is what it costs
 * to stop after block b, and one more entry, the last, is the whole network with its output convolution. The time
 * embedding is counted with block 2, the first that needs it.
 * @throws DifftapError REQUEST_INVALID for a size that the levels cannot divide.
 */
export function macsUpTo(architecture: Architecture, size: ImageSize): number[] {
  checkImageSize(architecture, size);
  const plan = planNetwork(architecture);
  const pixels = size.height * size.width;
  let sum = 0;
  let previous = 1;
  const cumulative = plan.blocks.map((block) => {
    sum += blockMacs(plan, block, pixels, previous);
    if (block.number === 2) sum += embeddingMacs(architecture);
    previous = block.downsample;
    return sum;
  });
  return [...cumulative, sum + 9 * plan.finalChannels * plan.outputChannels * pixels];
}

function embeddingMacs({ modelChannels }: Architecture): number {
  const width = 4 * modelChannels;
  return modelChannels * width + width * width;
}

function blockMacs(plan: NetworkPlan, block: BlockPlan, pixels: number, downsampleBefore: number): number {
  const before = pixels / downsampleBefore ** 2;
  const after = pixels / block.downsample ** 2;
  return block.layers.reduce(
    (sum, layer) => sum + layerMacs(plan, layer, resizes(layer) ? after : before),
    0,
  );
}

/** The layer works at the size of the block's output, the others at that of its input. */
function resizes(layer: Layer): boolean {
  if (layer.kind === "residual") return layer.resize !== null;
  return layer.kind === "downsample" || layer.kind === "upsample";
}

function layerMacs(plan: NetworkPlan, layer: Layer, places: number): number {
  const { channels } = layer;
  switch (layer.kind) {
    case "conv":
      return 9 * layer.inputChannels * channels * places;
    case "downsample":
    case "upsample":
      return 9 * channels * channels * places;
    case "attention":
      return 4 * channels * channels * places + 2 * channels * places * places;
    case "residual": {
      const convolutions = 9 * (layer.inputChannels + channels) * channels;
      const skip = layer.inputChannels === channels ? 0 : layer.inputChannels * channels;
      return (convolutions + skip) * places + plan.embeddingChannels * plan.embeddingFactor * channels;
    }
  }
}
