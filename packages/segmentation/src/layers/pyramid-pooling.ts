/**
 * Pyramid pooling (PSPNet, arXiv 1612.01105, as UPerNet has it): the map and its means over coarser and coarser cells, so that each
 * place knows of all others.
 */
import { joinParameters } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { poolChannelsLast, resizeChannelsLast, sizeOf } from "./channels-last.js";
import { createConvolutionUnit, type MapLayer, type NormKind } from "./convolution-unit.js";

export interface PyramidPoolingSize extends NormKind {
  readonly inputs: number;
  /** Channels of each scale, and of the result. */
  readonly width: number;
  /** Cells per side of each pooled map. One with more cells than the map has keeps its size. */
  readonly scales: readonly number[];
  readonly seed: number | bigint;
}

/**
 * [N, H, W, inputs] → [N, H, W, width]. `NAME.scales.SCALE` are the 1×1 units behind the pools, `NAME.bottleneck` is the 3×3 unit on
 * the map and what was pooled from it.
 */
export function createPyramidPooling(
  name: string,
  { inputs, width, scales, ...rest }: PyramidPoolingSize,
): MapLayer {
  const branches = scales.map((cells, index) => ({
    cells,
    unit: createConvolutionUnit(`${name}.scales.${index}`, { inputs, outputs: width, kernel: 1, ...rest }),
  }));
  const joined = inputs + scales.length * width;
  const bottleneck = createConvolutionUnit(`${name}.bottleneck`, {
    ...{ inputs: joined, outputs: width, kernel: 3 },
    ...rest,
  });
  return {
    ...joinParameters(...branches.map(({ unit }) => unit), bottleneck),
    forward(maps, options) {
      const pooled = branches.map(({ cells, unit }) =>
        resizeChannelsLast(unit.forward(poolChannelsLast(maps, cells), options), sizeOf(maps)),
      );
      return bottleneck.forward(tf.concat([maps, ...pooled], 3), options);
    },
  };
}
