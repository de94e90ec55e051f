/** Convolution → norm → ReLU, the unit that UPerNet and FPN decoders are built of, on maps with channels last. */
import {
  createBatchNorm,
  createConvolution,
  createGroupNorm,
  type ForwardOptions,
  joinParameters,
  type Parameters,
} from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";

/** Fields of a spec that choose the norm. */
export const normFields = {
  /** `group` normalises each sample by itself, `batch` over samples. */
  norm: z.enum(["group", "batch"]).default("group"),
  /** Of the group norm; divides the width. */
  groups: z.int().positive().default(32),
};

export interface NormKind {
  readonly norm: "group" | "batch";
  readonly groups: number;
}

export interface MapLayer extends Parameters {
  /** [N, H, W, C] → [N, H, W, C']. @throws as batch norm does. */
  forward(maps: tf.Tensor4D, options: ForwardOptions): tf.Tensor4D;
}

/** Norm → ReLU. `NAME.weight` and `NAME.bias`, both [channels]; with `batch` the buffers too. */
export function createNormUnit(name: string, channels: number, { norm, groups }: NormKind): MapLayer {
  const layer: MapLayer =
    norm === "batch"
      ? createBatchNorm(name, { channels, channelAxis: 3 })
      : createGroupNorm(name, { channels, groups });
  return {
    ...joinParameters(layer),
    forward: (maps, options) => tf.relu(layer.forward(maps, options)),
  };
}

export interface ConvolutionUnitSize extends NormKind {
  readonly inputs: number;
  readonly outputs: number;
  /** Side of the square kernel, odd. */
  readonly kernel: number;
  readonly seed: number | bigint;
}

/** `NAME.0` is the convolution, without a bias, as the norm has one; `NAME.1` the norm. */
export function createConvolutionUnit(
  name: string,
  { inputs, outputs, kernel, seed, ...kind }: ConvolutionUnitSize,
): MapLayer {
  const size = { inputs, outputs, kernel, stride: 1, bias: false, seed };
  const convolution = createConvolution(`${name}.0`, size);
  const normed = createNormUnit(`${name}.1`, outputs, kind);
  return {
    ...joinParameters(convolution, normed),
    forward: (maps, options) => normed.forward(convolution.forward(maps), options),
  };
}
