/** The layers of the U-Net over abstract operations, each in the order in which the reference computes it. */
import type { Architecture } from "./architecture.js";
import type { BlockInfo } from "./blocks.js";
import type { Ops, Shortcuts, WeightAccess } from "./ops.js";
import type { AttentionLayer, BlockPlan, Layer, ResidualLayer } from "./plan.js";

/** What every layer needs besides its input. */
export interface LayerContext<T> {
  readonly ops: Ops<T>;
  readonly weights: WeightAccess<T>;
  readonly shortcuts: Shortcuts<T>;
  readonly architecture: Pick<Architecture, "dropout" | "newAttentionOrder" | "scaleShiftNorm">;
  /** SiLU of the time (and class) embedding, [N, 4·modelChannels]; computed on first use. */
  readonly embedding: () => T;
}

const SAME = { stride: 1, padding: 1 } as const;
const HALF = { stride: 2, padding: 1 } as const;
export const POINTWISE = { stride: 1, padding: 0 } as const;
const NORM = { groups: 32, epsilon: 1e-5 } as const;

/** All layers of a block in turn. `maps`: what comes in, then, for output blocks, the kept output that is joined on. */
export function runBlock<T>(
  context: LayerContext<T>,
  block: BlockPlan,
  info: BlockInfo,
  maps: readonly T[],
): T {
  const conditioned = block.layers.some(({ kind }) => kind === "residual");
  const inputs = conditioned ? [...maps, context.embedding()] : maps;
  const run = (given: readonly T[]): T => {
    const joined = block.kind === "output" ? context.ops.concatChannels(given[0]!, given[1]!) : given[0]!;
    const own = { ...context, embedding: () => given.at(-1)! };
    return block.layers.reduce((value, layer) => runLayer(own, layer, value), joined);
  };
  return context.shortcuts.runBlock?.(info, inputs, run) ?? run(inputs);
}

/** Convolution with the bias stored beside its kernel. */
export function convolve<T>(
  { ops, weights }: Pick<LayerContext<T>, "ops" | "weights">,
  prefix: string,
  x: T,
  options: { stride: 1 | 2; padding: 0 | 1 },
): T {
  return ops.conv2d(x, weights.weight(`${prefix}.weight`), weights.weight(`${prefix}.bias`), options);
}

export function normalize<T>(
  { ops, weights }: Pick<LayerContext<T>, "ops" | "weights">,
  prefix: string,
  x: T,
): T {
  return ops.groupNorm(x, weights.weight(`${prefix}.weight`), weights.weight(`${prefix}.bias`), NORM);
}

/** Convolution 3×3 that keeps the map's size. */
export function convolveSame<T>(context: Pick<LayerContext<T>, "ops" | "weights">, prefix: string, x: T): T {
  return convolve(context, prefix, x, SAME);
}

function runLayer<T>(context: LayerContext<T>, layer: Layer, x: T): T {
  switch (layer.kind) {
    case "conv":
      return convolveSame(context, layer.prefix, x);
    case "residual":
      return residual(context, layer, x);
    case "attention":
      return attention(context, layer, x);
    case "downsample":
      return convolve(context, layer.prefix, x, HALF);
    case "upsample":
      return convolveSame(context, layer.prefix, context.ops.upsampleNearest2(x));
  }
}

function residual<T>(context: LayerContext<T>, layer: ResidualLayer, x: T): T {
  const { ops, architecture } = context;
  const { prefix } = layer;
  const activated = ops.silu(normalize(context, `${prefix}.in_layers.0`, x));
  const hidden = convolveSame(context, `${prefix}.in_layers.2`, resize(ops, layer, activated));
  const conditioned = condition(context, prefix, hidden);
  const dropped = ops.dropout(ops.silu(conditioned), architecture.dropout);
  const branch = convolveSame(context, `${prefix}.out_layers.3`, dropped);
  return ops.add(skip(context, layer, resize(ops, layer, x)), branch);
}

function resize<T>(ops: Ops<T>, layer: ResidualLayer, x: T): T {
  if (layer.resize === null) return x;
  return layer.resize === "down" ? ops.averagePool2(x) : ops.upsampleNearest2(x);
}

/** Normalises h under the embedding: either norm(h)·(1 + scale) + shift, or norm(h + embedding). */
function condition<T>(context: LayerContext<T>, prefix: string, h: T): T {
  const { ops, weights, shortcuts, architecture } = context;
  const projected = ops.linear(
    context.embedding(),
    weights.weight(`${prefix}.emb_layers.1.weight`),
    weights.weight(`${prefix}.emb_layers.1.bias`),
  );
  const norm = `${prefix}.out_layers.0`;
  if (!architecture.scaleShiftNorm) return normalize(context, norm, ops.addPerChannel(h, projected));
  const [scale, shift] = ops.splitChannels(projected);
  if (shortcuts.groupNormScaleShift) {
    const affine = [weights.weight(`${norm}.weight`), weights.weight(`${norm}.bias`)] as const;
    return shortcuts.groupNormScaleShift(h, ...affine, scale, shift, NORM);
  }
  return ops.scaleShift(normalize(context, norm, h), scale, shift);
}

function skip<T>(context: LayerContext<T>, layer: ResidualLayer, x: T): T {
  if (layer.inputChannels === layer.channels) return x;
  return convolve(context, `${layer.prefix}.skip_connection`, x, POINTWISE);
}

function attention<T>(context: LayerContext<T>, layer: AttentionLayer, x: T): T {
  const { ops, architecture } = context;
  const qkv = convolve(
    context,
    `${layer.prefix}.qkv`,
    normalize(context, `${layer.prefix}.norm`, x),
    POINTWISE,
  );
  const order = architecture.newAttentionOrder ? "split-qkv-first" : "split-heads-first";
  const attended = ops.attention(qkv, { heads: layer.heads, order });
  return ops.add(x, convolve(context, `${layer.prefix}.proj_out`, attended, POINTWISE));
}
