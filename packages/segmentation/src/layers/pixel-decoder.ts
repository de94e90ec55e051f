/**
 * Pixel decoder over any set of taps: pyramid pooling on the coarsest, and a feature pyramid from there to the finest. UPerNet (arXiv
 * 1807.10221) fuses all its levels into one map; MaskFormer (arXiv 2107.06278) reads the finest.
 */
import {
  createFeaturePyramid,
  type ForwardOptions,
  type HeadTap,
  joinParameters,
  type Maps,
  type Parameters,
} from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { resizeChannelsLast, sizeOf } from "./channels-last.js";
import {
  createConvolutionUnit,
  createNormUnit,
  type MapLayer,
  type NormKind,
  normFields,
} from "./convolution-unit.js";
import { createPyramidPooling } from "./pyramid-pooling.js";
import { levelsOf } from "./tap-levels.js";
import { createTapNorms, inputNorms } from "./tap-norms.js";

/** Fields that every segmenter with a pixel decoder has in its spec. */
export const pixelDecoderFields = {
  /** Channels of the decoder's maps. */
  width: z.int().positive().default(256),
  /** Cells per side that the coarsest map is pooled to. */
  poolScales: z.array(z.int().positive()).default([1, 2, 3, 6]),
  /** Taps differ in scale: `batch` standardises each channel of each tap, by running statistics in evaluation. */
  inputNorm: inputNorms.default("batch"),
  ...normFields,
};

export interface PixelDecoderSize extends NormKind {
  readonly taps: readonly HeadTap[];
  readonly width: number;
  readonly poolScales: readonly number[];
  readonly inputNorm: z.output<typeof inputNorms>;
  readonly seed: number | bigint;
}

export interface PixelDecoder extends Parameters {
  /** How many maps it gives: one for each size that the taps have. */
  readonly levels: number;
  /** Maps [N, C, H, W] of the taps → [N, H, W, width] of each size, fine to coarse. @throws as batch norm does. */
  forward(maps: Maps, options: ForwardOptions): tf.Tensor4D[];
}

/**
 * `NAME.inputs.TAP` are the norms of the taps in their order, `NAME.pooling` pyramid pooling over all taps of the coarsest size,
 * `NAME.pyramid` the feature pyramid, `NAME.norms.LEVEL` the norms behind it.
 * @throws DifftapError REQUEST_INVALID as `levelsOf`; CONFIG_INVALID for groups that do not divide the width.
 */
export function createPixelDecoder(
  name: string,
  { taps, width, poolScales: scales, inputNorm, norm, groups, seed }: PixelDecoderSize,
): PixelDecoder {
  const kind = { norm, groups, seed };
  const levels = levelsOf(taps);
  const coarsest = levels.at(-1)!;
  const finer = levels.slice(0, -1).flatMap(({ level, taps: own }) => own.map((tap) => ({ level, tap })));
  const inputs = createTapNorms(`${name}.inputs`, taps, inputNorm);
  const channels = coarsest.taps.reduce((sum, tap) => sum + tap.channels, 0);
  const pooling = createPyramidPooling(`${name}.pooling`, { inputs: channels, width, scales, ...kind });
  const pyramid = createFeaturePyramid(`${name}.pyramid`, {
    inputs: [
      ...finer.map(({ level, tap }) => ({ level, channels: tap.channels })),
      { level: coarsest.level, channels: width },
    ],
    width,
    seed,
  });
  const norms = levels.map((_, index) => createNormUnit(`${name}.norms.${index}`, width, kind));
  return {
    ...joinParameters(inputs, pooling, pyramid, ...norms),
    levels: levels.length,
    forward(maps, options) {
      const read = inputs.forward(maps, options);
      const joined = tf.concat(
        coarsest.taps.map((tap) => read.get(tap.name)!),
        3,
      );
      const pooled = pooling.forward(joined, options);
      const outputs = pyramid.forward([...finer.map(({ tap }) => read.get(tap.name)!), pooled]);
      return outputs.map((map, index) => norms[index]!.forward(map, options));
    },
  };
}

/** Levels as one map: all at the finest size, side by side. */
export interface LevelFusion extends Parameters {
  /** [N, H, W, width] fine to coarse → [N, H, W, width] of the finest. */
  forward(levels: readonly tf.Tensor4D[], options: ForwardOptions): tf.Tensor4D;
}

/** UPerNet's: resized bilinearly, concatenated, a 3×3 unit. */
export function createLevelFusion(
  name: string,
  { levels, width, ...kind }: NormKind & { levels: number; width: number; seed: number | bigint },
): LevelFusion {
  const size = { inputs: levels * width, outputs: width, kernel: 3 };
  const unit: MapLayer = createConvolutionUnit(name, { ...size, ...kind });
  return {
    ...joinParameters(unit),
    forward(maps, options) {
      const sized = maps.map((map) => resizeChannelsLast(map, sizeOf(maps[0]!)));
      return unit.forward(tf.concat(sized, 3), options);
    },
  };
}
