/** GroupNorm (Wu and He, 2018, arXiv 1803.08494), on maps with channels last. */
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { constantVariable, type Parameters } from "../parameters.js";
import { standardise } from "./standardise.js";

/** PyTorch's default. */
const EPSILON = 1e-5;

export interface GroupNormSize {
  readonly channels: number;
  /** Divides the channels. */
  readonly groups: number;
}

export interface GroupNorm extends Parameters {
  /** [N, H, W, channels] → the same, each sample by itself. */
  forward(maps: tf.Tensor4D): tf.Tensor4D;
}

/**
 * `NAME.weight` (ones) and `NAME.bias` (zeros), both [channels].
 * @throws DifftapError CONFIG_INVALID for groups that do not divide the channels.
 */
export function createGroupNorm(name: string, { channels, groups }: GroupNormSize): GroupNorm {
  if (channels % groups !== 0) refuseGroups(name, channels, groups);
  const [weight, bias] = [constantVariable([channels], 1), constantVariable([channels], 0)];
  return {
    variables: new Map([
      [`${name}.weight`, weight],
      [`${name}.bias`, bias],
    ]),
    forward(maps) {
      const [batch, height, width] = maps.shape;
      const grouped = tf.reshape(maps, [batch, height * width, groups, channels / groups]);
      const standardised = standardise(grouped, { axes: [1, 3], epsilon: EPSILON });
      return tf.add(tf.mul(tf.reshape(standardised, maps.shape), weight), bias) as tf.Tensor4D;
    },
  };
}

function refuseGroups(name: string, channels: number, groups: number): never {
  throw new DifftapError("CONFIG_INVALID", `group norm ${name}: ${groups} groups of ${channels} channels`, {
    hint: "the groups divide the channels: choose another width or number of groups",
    details: { name, channels, groups },
  });
}
