/** The parameters an architecture has: the reference's names with their shapes. */

import { elementCount } from "@difftap/core";
import type { Architecture } from "./architecture.js";
import { type BlockPlan, type Layer, type NetworkPlan, planNetwork, type ResidualLayer } from "./plan.js";

/** Widths of the embedding and of its projections. */
type Widths = Pick<NetworkPlan, "embeddingChannels" | "embeddingFactor">;

export type Entry = readonly [name: string, shape: readonly number[]];

/** Every parameter in the order of the reference's state dict. Attention's kernels have three dimensions there. */
export function parameterShapes(architecture: Architecture): Map<string, readonly number[]> {
  const plan = planNetwork(architecture);
  const { modelChannels, classes } = architecture;
  const width = plan.embeddingChannels;
  const labels: Entry[] = classes === null ? [] : [["label_emb.weight", [classes, width]]];
  return new Map([
    ...timeParameters(modelChannels),
    ...labels,
    ...plan.blocks.flatMap((block) => block.layers.flatMap((layer) => layerParameters(layer, plan))),
    ...norm("out.0", plan.finalChannels),
    ...withBias("out.2", [plan.outputChannels, plan.finalChannels, 3, 3]),
  ]);
}

/** Names of each block's parameters, by the block's number; those of the embedding and of `out` are in no block. */
export function blockParameters(architecture: Architecture): Map<number, readonly string[]> {
  const plan = planNetwork(architecture);
  const names = ({ layers }: BlockPlan): string[] =>
    layers.flatMap((layer) => layerParameters(layer, plan).map(([name]) => name));
  return new Map(plan.blocks.map((block) => [block.number, names(block)]));
}

/** The two linear layers of the time embedding. */
export function timeParameters(modelChannels: number): Entry[] {
  const width = 4 * modelChannels;
  return [...withBias("time_embed.0", [width, modelChannels]), ...withBias("time_embed.2", [width, width])];
}

/** Number of parameters. */
export function parameterCount(architecture: Architecture): number {
  return countParameters(parameterShapes(architecture));
}

/** Elements of all shapes together. */
export function countParameters(shapes: ReadonlyMap<string, readonly number[]>): number {
  return [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0);
}

export function withBias(prefix: string, shape: readonly number[]): Entry[] {
  return [
    [`${prefix}.weight`, shape],
    [`${prefix}.bias`, [shape[0]!]],
  ];
}

export function norm(prefix: string, channels: number): Entry[] {
  return withBias(prefix, [channels]);
}

/** Of one layer of a block. */
export function layerParameters(layer: Layer, plan: Widths): Entry[] {
  const { prefix, channels } = layer;
  switch (layer.kind) {
    case "conv":
      return withBias(prefix, [channels, layer.inputChannels, 3, 3]);
    case "downsample":
    case "upsample":
      return withBias(prefix, [channels, channels, 3, 3]);
    case "attention":
      return [
        ...norm(`${prefix}.norm`, channels),
        ...withBias(`${prefix}.qkv`, [3 * channels, channels, 1]),
        ...withBias(`${prefix}.proj_out`, [channels, channels, 1]),
      ];
    case "residual":
      return residualParameters(layer, plan);
  }
}

function residualParameters(layer: ResidualLayer, plan: Widths): Entry[] {
  const { prefix, inputChannels: input, channels: output } = layer;
  const skip = input === output ? [] : withBias(`${prefix}.skip_connection`, [output, input, 1, 1]);
  return [
    ...norm(`${prefix}.in_layers.0`, input),
    ...withBias(`${prefix}.in_layers.2`, [output, input, 3, 3]),
    ...withBias(`${prefix}.emb_layers.1`, [plan.embeddingFactor * output, plan.embeddingChannels]),
    ...norm(`${prefix}.out_layers.0`, output),
    ...withBias(`${prefix}.out_layers.3`, [output, output, 3, 3]),
    ...skip,
  ];
}
