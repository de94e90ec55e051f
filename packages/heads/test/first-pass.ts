/** Pass 1 of DifFeed's fixtures through the differentiable network. */
import type { NdArray } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import type { HeadTap } from "../src/index.js";
import type { Fixture } from "./fixtures.js";
import type { Unet } from "./networks.js";

/** x_t of the linear schedule with 1000 steps. */
function noised(fixture: Fixture, timestep: number): tf.Tensor {
  const betas = Array.from({ length: timestep + 1 }, (_, t) => 1e-4 + ((0.02 - 1e-4) * t) / 999);
  const alphaBar = betas.reduce((product, beta) => product * (1 - beta), 1);
  const signal = tf.mul(tensorOf(fixture.read("x")), Math.sqrt(alphaBar));
  return tf.add(signal, tf.mul(tensorOf(fixture.read(`noise.t${timestep}`)), Math.sqrt(1 - alphaBar)));
}

export function tensorOf({ data, shape }: NdArray<"float32">): tf.Tensor {
  return tf.tensor(data, [...shape]);
}

/** The maps asked for, from a whole first pass. */
export function firstPass(
  unet: Unet,
  inputs: readonly HeadTap[],
  fixture: Fixture,
): Record<string, tf.Tensor> {
  const features: Record<string, tf.Tensor> = {};
  for (const timestep of new Set(inputs.map((tap) => tap.timestep))) {
    const x = noised(fixture, Number(timestep));
    const timesteps = tf.tensor1d([Number(timestep)]);
    unet.forward(
      { x, timesteps },
      {
        visit({ number }, value) {
          const tap = inputs.find((each) => each.block === number && each.timestep === timestep);
          if (tap) features[tap.name] = value;
        },
      },
    );
  }
  return features;
}
