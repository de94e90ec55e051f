/**
 * A feature pyramid network over any set of taps, several of one stride being summed, and coarser levels below it by strided 3×3
 * convolutions, as FCOS makes P6 and P7 from P5 (Tian et al., 2019, arXiv 1904.01355).
 */
import { DifftapError } from "@difftap/core";
import { createConvolution, createFeaturePyramid, type HeadTap, joinParameters } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { type ImageSize, type PyramidLevel, strideOf } from "../pyramid.js";
import { defineNeck } from "./definition.js";

const spec = z.strictObject({
  /** Channels of every level. */
  width: z.int().positive().default(256),
  /** Levels beyond the coarsest tap's, each of twice the stride. */
  extraLevels: z.int().nonnegative().default(2),
});

export const fpn = defineNeck({
  name: "fpn",
  spec,
  levels({ spec: { extraLevels }, taps, image }) {
    const levels = tapLevels(taps, image);
    for (let extra = 0; extra < extraLevels; extra++) levels.push(halved(levels.at(-1)!));
    return levels;
  },
  build({ spec: { width, extraLevels }, taps, image, seed }) {
    const inputs = taps.map((tap) => ({
      channels: tap.channels,
      level: Math.log2(strideOf(tap, image)),
    }));
    const pyramid = createFeaturePyramid("neck", { inputs, width, seed });
    const size = { inputs: width, outputs: width, kernel: 3, stride: 2, bias: true, seed };
    const extras = Array.from({ length: extraLevels }, (_, index) =>
      createConvolution(`neck.extra.${index}`, size),
    );
    return {
      ...joinParameters(pyramid, ...extras),
      width,
      forward(maps) {
        const levels = pyramid.forward(taps.map(({ name }) => tf.transpose(maps.get(name)!, [0, 2, 3, 1])));
        for (const [index, extra] of extras.entries()) {
          const coarsest = levels.at(-1)!;
          // As published: P7 is made of P6 after a ReLU, P6 of P5 as it is.
          levels.push(extra.forward(index === 0 ? coarsest : tf.relu(coarsest)));
        }
        return levels;
      },
    };
  },
});

/** One level per stride among the taps. */
function tapLevels(taps: readonly HeadTap[], image: ImageSize): PyramidLevel[] {
  if (taps.length === 0) {
    throw new DifftapError("REQUEST_INVALID", "a feature pyramid needs at least one tap, given: none");
  }
  const levels = new Map<number, PyramidLevel>();
  for (const tap of taps) {
    const { height, width } = tap;
    const stride = strideOf(tap, image);
    levels.set(stride, { stride, height, width });
  }
  return [...levels.values()].sort((a, b) => a.stride - b.stride);
}

function halved({ stride, height, width }: PyramidLevel): PyramidLevel {
  return { stride: 2 * stride, height: Math.ceil(height / 2), width: Math.ceil(width / 2) };
}
