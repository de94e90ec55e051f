/** What dense heads are made of: 3×3 convolutions, each with GroupNorm and ReLU, on maps with channels last. */
import { createConvolution, createGroupNorm, joinParameters, type Parameters } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";

export interface TowerSize {
  /** Channels in and out. */
  readonly width: number;
  readonly layers: number;
  /** Of the norms; divides the width. */
  readonly groups: number;
  readonly seed: number | bigint;
}

export interface Tower extends Parameters {
  /** [N, H, W, width] → the same. */
  forward(map: tf.Tensor4D): tf.Tensor4D;
}

/** `NAME.LAYER.0` is a convolution, `NAME.LAYER.1` its norm. */
export function createTower(name: string, { width, layers, groups, seed }: TowerSize): Tower {
  const size = { inputs: width, outputs: width, kernel: 3, stride: 1, bias: true, seed };
  const stages = Array.from({ length: layers }, (_, layer) => ({
    convolution: createConvolution(`${name}.${layer}.0`, size),
    norm: createGroupNorm(`${name}.${layer}.1`, { channels: width, groups }),
  }));
  return {
    ...joinParameters(...stages.flatMap(({ convolution, norm }) => [convolution, norm])),
    forward: (map) =>
      stages.reduce(
        (values, { convolution, norm }) => tf.relu(norm.forward(convolution.forward(values))),
        map,
      ),
  };
}
