/**
 * Feature pyramid network (Lin et al., 2017, arXiv 1612.03144), on maps with channels last: 1×1 lateral convolutions, top-down sums,
 * 3×3 output convolutions. Several maps may share a level; a level needs no map of twice its size below it.
 */
import * as tf from "@tensorflow/tfjs-core";
import { resizeBilinear } from "../interpolation.js";
import { joinParameters, type Parameters } from "../parameters.js";
import { createConvolution } from "./convolution.js";

export interface PyramidInput {
  readonly channels: number;
  /** log2 of the stride: image pixels per cell of the map. Need not be whole. */
  readonly level: number;
}

export interface FeaturePyramidSize {
  /** Those of one level have one height and width. */
  readonly inputs: readonly PyramidInput[];
  /** Channels of every result. */
  readonly width: number;
  readonly seed: number | bigint;
}

export interface FeaturePyramid extends Parameters {
  /** One map [N, H, W, channels] per input, in their order → one [N, H, W, width] per distinct level, fine to coarse. */
  forward(maps: readonly tf.Tensor4D[]): tf.Tensor4D[];
}

/** `NAME.lateral.INPUT` [width, channels, 1, 1] and `NAME.output.LEVEL` [width, width, 3, 3], the finest level first. */
export function createFeaturePyramid(
  name: string,
  { inputs, width, seed }: FeaturePyramidSize,
): FeaturePyramid {
  const levels = [...new Set(inputs.map(({ level }) => level))].sort((a, b) => a - b);
  const shared = { outputs: width, stride: 1, bias: true, seed };
  const laterals = inputs.map(({ channels }, index) =>
    createConvolution(`${name}.lateral.${index}`, { ...shared, inputs: channels, kernel: 1 }),
  );
  const outputs = levels.map((_, index) =>
    createConvolution(`${name}.output.${index}`, { ...shared, inputs: width, kernel: 3 }),
  );
  return {
    ...joinParameters(...laterals, ...outputs),
    forward(maps) {
      const projected = laterals.map((lateral, index) => lateral.forward(maps[index]!));
      const byLevel = levels.map((level) =>
        tf.addN(projected.filter((_, index) => inputs[index]!.level === level)),
      );
      return topDown(byLevel).map((map, index) => outputs[index]!.forward(map));
    },
  };
}

/** Adds to each map, fine to coarse, everything coarser than it. */
function topDown(maps: readonly tf.Tensor4D[]): tf.Tensor4D[] {
  const sums = [...maps];
  for (let index = sums.length - 2; index >= 0; index--) {
    const map = sums[index]!;
    sums[index] = tf.add(map, enlarge(sums[index + 1]!, map.shape));
  }
  return sums;
}

/** To a larger map's size: the nearest cell where that is a multiple, as the paper has it, bilinear elsewhere. */
function enlarge(map: tf.Tensor4D, [, height, width]: tf.Tensor4D["shape"]): tf.Tensor4D {
  const [, rows, columns] = map.shape;
  if (height % rows === 0 && width % columns === 0) return repeat(map, [height / rows, width / columns]);
  const resized = resizeBilinear(tf.transpose(map, [0, 3, 1, 2]), { height, width });
  return tf.transpose(resized, [0, 2, 3, 1]);
}

/** Each cell as a block of cells. The gradient is their sum, a mean pool times the block's size: any engine has that kernel. */
function repeat(map: tf.Tensor4D, block: readonly [down: number, across: number]): tf.Tensor4D {
  const [down, across] = block;
  if (down === 1 && across === 1) return map;
  const [, rows, columns] = map.shape;
  const compute = tf.customGrad((input) => ({
    value: tf.image.resizeNearestNeighbor(input as tf.Tensor4D, [rows * down, columns * across]),
    gradFunc: (dy: tf.Tensor) =>
      tf.mul(tf.avgPool(dy as tf.Tensor4D, [down, across], [down, across], "valid"), down * across),
  }));
  return compute(map) as tf.Tensor4D;
}
