/**
 * The norm of a tokenizer: LayerNorm over channels, rows and columns with an affine of its own, BatchNorm2d, or a BatchNorm2d for each
 * timestep (domain-specific batch normalisation, arXiv 1906.03950).
 */
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import type { ForwardOptions } from "../definition.js";
import { resizeBilinear } from "../interpolation.js";
import { constantVariable, joinParameters, type Parameters } from "../parameters.js";
import { createBatchNorm } from "./batch-norm.js";
import { LAYER_NORM_EPSILON } from "./layer-norm.js";
import { standardise } from "./standardise.js";

/**
 * `layer` takes maps of the size it was built for; `layer-interpolated` resizes its affine bilinearly to maps of other sizes; `batch` and
 * `batch-per-timestep` take any size. With `batch`, maps of several timesteps are normalised each by its own statistics in training and
 * by one running average of all in evaluation, as the reference does; `batch-per-timestep` keeps them apart in both.
 */
export const mapNorms = z.enum(["layer", "layer-interpolated", "batch", "batch-per-timestep"]);

export interface MapNormSize {
  readonly kind: z.output<typeof mapNorms>;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** How many timesteps the maps come from. */
  readonly timesteps: number;
}

/** Which of the timesteps maps are from, counted from 0. */
export interface MapOptions extends ForwardOptions {
  readonly timestep: number;
}

export interface MapNorm extends Parameters {
  /**
   * [N, C, H, W] → the same.
   * @throws DifftapError REQUEST_INVALID for a size that LayerNorm's affine does not have; as batch norm.
   */
  forward(maps: tf.Tensor4D, options: MapOptions): tf.Tensor4D;
}

export function createMapNorm(name: string, size: MapNormSize): MapNorm {
  const channels = { channels: size.channels, channelAxis: 1 };
  if (size.kind === "batch") return createBatchNorm(name, channels);
  if (size.kind !== "batch-per-timestep") return createMapLayerNorm(name, size);
  const norms = Array.from({ length: size.timesteps }, (_, index) =>
    createBatchNorm(`${name}.${index}`, channels),
  );
  return {
    ...joinParameters(...norms),
    forward: (maps, options) => norms[options.timestep]!.forward(maps, options),
  };
}

function createMapLayerNorm(name: string, { kind, channels, height, width }: MapNormSize): MapNorm {
  const shape = [channels, height, width];
  const [weight, bias] = [constantVariable(shape, 1), constantVariable(shape, 0)];
  return {
    variables: new Map([
      [`${name}.weight`, weight],
      [`${name}.bias`, bias],
    ]),
    forward(maps) {
      const size = { height: maps.shape[2], width: maps.shape[3] };
      const fits = size.height === height && size.width === width;
      if (!fits && kind === "layer") refuseSize(name, size, { height, width });
      const fitted = (affine: tf.Variable) =>
        resizeBilinear(tf.reshape(affine, [1, channels, height, width]), size);
      const standardised = standardise(maps, { axes: [1, 2, 3], epsilon: LAYER_NORM_EPSILON });
      return tf.add(tf.mul(standardised, fitted(weight)), fitted(bias)) as tf.Tensor4D;
    },
  };
}

interface Size {
  readonly height: number;
  readonly width: number;
}

function refuseSize(name: string, given: Size, built: Size): never {
  const text = ({ height, width }: Size) => `${height}×${width}`;
  throw new DifftapError(
    "REQUEST_INVALID",
    `layer norm ${name} was built for maps of ${text(built)} after pooling, given: ${text(given)}`,
    {
      hint: 'norms of batches take any size, "layer-interpolated" resizes its affine',
      details: { name, given, built },
    },
  );
}
