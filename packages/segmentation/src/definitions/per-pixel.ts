/** Per-pixel classification, as UPerNet does it (arXiv 1807.10221): every pixel gets a class, by cross-entropy. */
import { DifftapError } from "@difftap/core";
import { createConvolution, type ForwardOptions, joinParameters, type Maps } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { defineSegmenter, type MapSize } from "../definition.js";
import { auxiliaryTap, createAuxiliary } from "../layers/auxiliary.js";
import { resizeChannelsLast, toChannelsFirst, toChannelsLast } from "../layers/channels-last.js";
import { createLevelFusion, createPixelDecoder, pixelDecoderFields } from "../layers/pixel-decoder.js";
import { crossEntropy } from "../losses/cross-entropy.js";

const spec = z.strictObject({
  ...pixelDecoderFields,
  /** One weight per class in the loss; all alike unless given. */
  classWeights: z.array(z.number().positive()).optional(),
  /** A second, small classifier, in training only. */
  auxiliary: z
    .strictObject({
      /** Share of its loss. */
      weight: z.number().positive().default(0.4),
      /** Name of the tap that it reads; the first of the coarsest but one unless given. */
      tap: z.string().optional(),
    })
    .optional(),
});

export const perPixel = defineSegmenter({
  name: "per-pixel",
  spec,
  build({ spec: given, taps, classes, seed }) {
    const { auxiliary: asked, classWeights, width, norm, groups } = given;
    checkClassWeights(classWeights, classes);
    const kind = { width, norm, groups, seed };
    const decoder = createPixelDecoder("decoder", { ...given, taps, seed });
    const fusion = createLevelFusion("fusion", { levels: decoder.levels, ...kind });
    const size = { inputs: width, outputs: classes, kernel: 1, stride: 1, bias: true, seed };
    const classify = createConvolution("classify", size);
    const auxiliary = asked && buildAuxiliary();
    const logits = (maps: Maps, options: ForwardOptions) =>
      classify.forward(fusion.forward(decoder.forward(maps, options), options));
    return {
      ...joinParameters(decoder, fusion, classify, ...(auxiliary ? [auxiliary] : [])),
      predict(maps, wanted: MapSize) {
        const resized = resizeChannelsLast(logits(maps, { training: false }), wanted);
        return toChannelsFirst(tf.softmax(resized));
      },
      objective(maps, targets, options) {
        const lossOf = (found: tf.Tensor4D) =>
          crossEntropy(resizeChannelsLast(found, targets.size), targets, classWeights);
        return {
          crossEntropy: lossOf(logits(maps, options)),
          ...(auxiliary && { auxiliary: tf.mul(lossOf(auxiliary.forward(maps, options)), asked!.weight) }),
        };
      },
    };

    function buildAuxiliary() {
      const tap = auxiliaryTap(taps, asked!.tap);
      const layer = createAuxiliary("auxiliary", { channels: tap.channels, classes, ...kind });
      return {
        ...joinParameters(layer),
        forward: (maps: Maps, options: ForwardOptions) =>
          layer.forward(toChannelsLast(maps.get(tap.name)!), options),
      };
    }
  },
});

function checkClassWeights(weights: readonly number[] | undefined, classes: number): void {
  if (weights === undefined || weights.length === classes) return;
  throw new DifftapError("CONFIG_INVALID", `${weights.length} class weights for ${classes} classes`, {
    hint: "one weight per class, in the order of the labels",
    details: { weights, classes },
  });
}
