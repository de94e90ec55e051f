/**
 * The network spelled out: every block, every layer, with widths and the names of its parameters. The forward pass,
 * the parameter list, the cost table and inference from a state dict all read this one plan.
 * Source: guided-diffusion, guided_diffusion/unet.py (UNetModel.__init__).
 */
import { type Architecture, attends, levelChannels } from "./architecture.js";

interface ConvLayer {
  readonly kind: "conv";
  readonly prefix: string;
  readonly inputChannels: number;
  readonly channels: number;
}

export interface ResidualLayer {
  readonly kind: "residual";
  readonly prefix: string;
  readonly inputChannels: number;
  readonly channels: number;
  readonly resize: "down" | "up" | null;
}

export interface AttentionLayer {
  readonly kind: "attention";
  readonly prefix: string;
  readonly channels: number;
  readonly heads: number;
}

/** A convolution that halves the map (stride 2) or follows a doubling of it. */
interface ResizeLayer {
  readonly kind: "downsample" | "upsample";
  readonly prefix: string;
  readonly channels: number;
}

export type Layer = ConvLayer | ResidualLayer | AttentionLayer | ResizeLayer;

export interface BlockPlan {
  /** 1-based, in running order. */
  readonly number: number;
  readonly kind: "input" | "middle" | "output";
  /** Channels of the block's output. */
  readonly channels: number;
  /** Image side over map side, at the block's output. */
  readonly downsample: number;
  /** Channels of the kept output that an output block joins to its input; 0 elsewhere. */
  readonly skipChannels: number;
  readonly layers: readonly Layer[];
}

export interface NetworkPlan {
  readonly blocks: readonly BlockPlan[];
  /** Width of the embedding that every residual layer receives. */
  readonly embeddingChannels: number;
  /** Widths of an embedding projection over the layer's: 2 (scale and shift) or 1. */
  readonly embeddingFactor: 1 | 2;
  /** Channels that enter the final normalisation and convolution. */
  readonly finalChannels: number;
  readonly outputChannels: number;
}

/** Images have three channels. */
export const IMAGE_CHANNELS = 3;

/** What of an architecture the encoder half and the middle follow from. */
export type EncoderArchitecture = Pick<
  Architecture,
  | "attentionResolutions"
  | "channelMultipliers"
  | "headChannels"
  | "heads"
  | "imageSize"
  | "modelChannels"
  | "residualBlocks"
  | "resblockUpdown"
>;

/** The input blocks, then the middle one. */
export function planEncoder(architecture: EncoderArchitecture): BlockPlan[] {
  const input = inputBlocks(architecture);
  return [...input, middleBlock(architecture, input)];
}

/** Spells an architecture out. */
export function planNetwork(architecture: Architecture): NetworkPlan {
  const encoder = planEncoder(architecture);
  return {
    blocks: [...encoder, ...outputBlocks(architecture, encoder.slice(0, -1))],
    embeddingChannels: architecture.modelChannels * 4,
    embeddingFactor: architecture.scaleShiftNorm ? 2 : 1,
    finalChannels: levelChannels(architecture)[0]!,
    outputChannels: architecture.learnSigma ? 2 * IMAGE_CHANNELS : IMAGE_CHANNELS,
  };
}

function attentionLayer(
  a: EncoderArchitecture,
  prefix: string,
  channels: number,
  heads: number,
): AttentionLayer {
  return {
    kind: "attention",
    prefix,
    channels,
    heads: a.headChannels === -1 ? heads : channels / a.headChannels,
  };
}

function inputBlocks(architecture: EncoderArchitecture): BlockPlan[] {
  const widths = levelChannels(architecture);
  const blocks: BlockPlan[] = [];
  const push = (channels: number, downsample: number, layersAt: (prefix: string) => Layer[]): void => {
    const layers = layersAt(`input_blocks.${blocks.length}`);
    blocks.push({ number: blocks.length + 1, kind: "input", channels, downsample, skipChannels: 0, layers });
  };
  let width = widths[0]!;
  push(width, 1, (prefix) => [
    { kind: "conv", prefix: `${prefix}.0`, inputChannels: IMAGE_CHANNELS, channels: width },
  ]);
  widths.forEach((channels, level) => {
    for (let i = 0; i < architecture.residualBlocks; i += 1) {
      const inputChannels = width;
      push(channels, 2 ** level, (prefix) =>
        encoderLayers(architecture, prefix, inputChannels, channels, 2 ** level),
      );
      width = channels;
    }
    if (level < widths.length - 1)
      push(channels, 2 ** (level + 1), (prefix) => [halving(architecture, prefix, channels)]);
  });
  return blocks;
}

function encoderLayers(
  a: EncoderArchitecture,
  prefix: string,
  inputChannels: number,
  channels: number,
  downsample: number,
): Layer[] {
  const residual: Layer = { kind: "residual", prefix: `${prefix}.0`, inputChannels, channels, resize: null };
  return attends(a, downsample)
    ? [residual, attentionLayer(a, `${prefix}.1`, channels, a.heads)]
    : [residual];
}

function halving(architecture: EncoderArchitecture, prefix: string, channels: number): Layer {
  return architecture.resblockUpdown
    ? { kind: "residual", prefix: `${prefix}.0`, inputChannels: channels, channels, resize: "down" }
    : { kind: "downsample", prefix: `${prefix}.0.op`, channels };
}

function middleBlock(architecture: EncoderArchitecture, input: readonly BlockPlan[]): BlockPlan {
  const { channels, downsample } = input.at(-1)!;
  const residual = (index: number): Layer => ({
    kind: "residual",
    prefix: `middle_block.${index}`,
    inputChannels: channels,
    channels,
    resize: null,
  });
  const attention = attentionLayer(architecture, "middle_block.1", channels, architecture.heads);
  const layers = [residual(0), attention, residual(2)];
  return { number: input.length + 1, kind: "middle", channels, downsample, skipChannels: 0, layers };
}

function outputBlocks(architecture: Architecture, input: readonly BlockPlan[]): BlockPlan[] {
  const blocks: BlockPlan[] = [];
  let width = input.at(-1)!.channels;
  input.toReversed().forEach((kept, index) => {
    const perLevel = architecture.residualBlocks + 1;
    const level = architecture.channelMultipliers.length - 1 - Math.floor(index / perLevel);
    const grows = level > 0 && index % perLevel === architecture.residualBlocks;
    const layers = decoderLayers(architecture, `output_blocks.${index}`, width + kept.channels, level, grows);
    width = levelChannels(architecture)[level]!;
    blocks.push({
      number: input.length + 2 + index,
      kind: "output",
      channels: width,
      downsample: 2 ** (grows ? level - 1 : level),
      skipChannels: kept.channels,
      layers,
    });
  });
  return blocks;
}

function decoderLayers(
  a: Architecture,
  prefix: string,
  inputChannels: number,
  level: number,
  grows: boolean,
): Layer[] {
  const channels = levelChannels(a)[level]!;
  const layers: Layer[] = [
    { kind: "residual", prefix: `${prefix}.0`, inputChannels, channels, resize: null },
  ];
  if (attends(a, 2 ** level)) {
    const heads = a.headsUpsample === -1 ? a.heads : a.headsUpsample;
    layers.push(attentionLayer(a, `${prefix}.1`, channels, heads));
  }
  if (grows) layers.push(doubling(a, `${prefix}.${layers.length}`, channels));
  return layers;
}

function doubling(architecture: EncoderArchitecture, prefix: string, channels: number): Layer {
  return architecture.resblockUpdown
    ? { kind: "residual", prefix, inputChannels: channels, channels, resize: "up" }
    : { kind: "upsample", prefix: `${prefix}.conv`, channels };
}
