/**
 * The simple feature pyramid of ViTDet (Li et al., 2022, arXiv 2203.16527): every level from one tap, by transposed convolutions, as it is,
 * or by max pooling; then a 1×1 and a 3×3 convolution, each with LayerNorm over the channels.
 */
import { DifftapError } from "@difftap/core";
import {
  createConvolution,
  createLayerNorm,
  gelu,
  type HeadTap,
  joinParameters,
  type Parameters,
} from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { createDoubling } from "../layers/doubling.js";
import { strideOf } from "../pyramid.js";
import { defineNeck } from "./definition.js";

const spec = z.strictObject({
  /** Channels of every level. */
  width: z.int().positive().default(256),
  /** Sizes of the levels over the tap's, fine to coarse. */
  scales: z
    .array(z.literal([4, 2, 1, 0.5, 0.25]))
    .min(1)
    .refine((scales) => scales.every((each, i) => i === 0 || each < scales[i - 1]!), "scales fall")
    .default([4, 2, 1, 0.5]),
});

export const simplePyramid = defineNeck({
  name: "simple-pyramid",
  spec,
  levels({ spec: { scales }, taps, image }) {
    const tap = singleTap(taps);
    const stride = strideOf(tap, image);
    return scales.map((scale) => {
      const [height, width] = [Math.floor(tap.height * scale), Math.floor(tap.width * scale)];
      if (height * width === 0) refuseScale(tap, scale);
      return { stride: stride / scale, height, width };
    });
  },
  build({ spec: { width, scales }, taps, seed }) {
    const { name, channels } = singleTap(taps);
    const stages = scales.map((scale, index) =>
      createStage(`neck.${index}`, { scale, channels, width, seed }),
    );
    return {
      ...joinParameters(...stages),
      width,
      forward(maps) {
        const map = tf.transpose(maps.get(name)!, [0, 2, 3, 1]);
        return stages.map((stage) => stage.forward(map));
      },
    };
  },
});

interface StageSize {
  readonly scale: number;
  readonly channels: number;
  readonly width: number;
  readonly seed: number | bigint;
}

interface Stage extends Parameters {
  forward(map: tf.Tensor4D): tf.Tensor4D;
}

/** `NAME.resize…`, then `NAME.project` with `NAME.project_norm` and `NAME.output` with `NAME.output_norm`. */
function createStage(name: string, { scale, channels, width, seed }: StageSize): Stage {
  const resize = createResize(`${name}.resize`, { scale, channels, seed });
  const size = { outputs: width, stride: 1, bias: false, seed };
  const project = createConvolution(`${name}.project`, { ...size, inputs: resize.channels, kernel: 1 });
  const projectNorm = createLayerNorm(`${name}.project_norm`, width);
  const output = createConvolution(`${name}.output`, { ...size, inputs: width, kernel: 3 });
  const outputNorm = createLayerNorm(`${name}.output_norm`, width);
  return {
    ...joinParameters(resize, project, projectNorm, output, outputNorm),
    forward: (map) =>
      outputNorm.forward(output.forward(projectNorm.forward(project.forward(resize.forward(map))))),
  };
}

/** `NAME.0` doubles, halving the channels; at scale 4 `NAME.1` norms, then GELU, and `NAME.2` doubles again. */
function createResize(
  name: string,
  { scale, channels, seed }: Omit<StageSize, "width">,
): Stage & { readonly channels: number } {
  if (scale <= 1) return { variables: new Map(), channels, forward: (map) => shrink(map, 1 / scale) };
  const half = Math.ceil(channels / 2);
  const first = createDoubling(`${name}.0`, { inputs: channels, outputs: half, seed });
  if (scale === 2) return { ...first, channels: half };
  const quarter = Math.ceil(channels / 4);
  const norm = createLayerNorm(`${name}.1`, half);
  const second = createDoubling(`${name}.2`, { inputs: half, outputs: quarter, seed });
  return {
    ...joinParameters(first, norm, second),
    channels: quarter,
    forward: (map) => second.forward(gelu(norm.forward(first.forward(map)))),
  };
}

function shrink(map: tf.Tensor4D, side: number): tf.Tensor4D {
  return side === 1 ? map : tf.maxPool(map, side, side, "valid");
}

function singleTap(taps: readonly HeadTap[]): HeadTap {
  const [tap] = taps;
  if (tap && taps.length === 1) return tap;
  const given = taps.map(({ name }) => name).join(", ") || "none";
  throw new DifftapError("REQUEST_INVALID", `the simple pyramid reads one tap, given: ${given}`, {
    hint: "several taps go into the neck fpn",
    details: { taps: taps.map(({ name }) => name) },
  });
}

function refuseScale({ name, height, width }: HeadTap, scale: number): never {
  throw new DifftapError(
    "REQUEST_INVALID",
    `nothing is left of tap ${name}, ${height}×${width}, at scale ${scale}`,
    { hint: "leave that scale out", details: { name, scale } },
  );
}
