/** Small networks that a head can feed back into, on what the workspace built of @difftap/backbone-tfjs. */
import { type Architecture, architectureFromFlags, type ImageSize, randomWeights } from "@difftap/backbone";
import type { NdArray } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import type { HeadNetwork } from "../src/index.js";

const built = new URL("../../backbone-tfjs/dist/index.js", import.meta.url).href;

const checkpoints = new URL("../../checkpoint/dist/index.js", import.meta.url).href;

type Named = ReadonlyMap<string, NdArray>;
type Resumed = Parameters<NonNullable<HeadNetwork["resume"]>>;

/** What is used here of the package's own type. */
export interface Unet {
  readonly blocks: HeadNetwork["blocks"];
  readonly variables: ReadonlyMap<string, tf.Variable>;
  forward(
    inputs: { readonly x: tf.Tensor; readonly timesteps: tf.Tensor },
    options: { readonly visit: Resumed[1] },
  ): tf.Tensor4D | undefined;
  resume(
    inputs: { readonly timesteps: tf.Tensor; readonly state: Resumed[0] },
    options: { readonly visit: Resumed[1] },
  ): void;
  dispose(): void;
}

export async function openUnet(architecture: Architecture, weights: Named): Promise<Unet> {
  const { createTfjsUnet } = await import(/* @vite-ignore */ built);
  return createTfjsUnet({ architecture, weights });
}

/** "clean" is fed as 0. */
export function networkOf(unet: Unet, size: ImageSize): HeadNetwork {
  return {
    blocks: unet.blocks,
    size,
    resume(state, visit) {
      const timesteps = tf.tensor1d([state.timestep === "clean" ? 0 : state.timestep]);
      unet.resume({ timesteps, state }, { visit });
    },
  };
}

/** Every tensor of a checkpoint. */
export async function readCheckpoint(path: string): Promise<Named> {
  const { openWeights } = await import(/* @vite-ignore */ checkpoints);
  const source: Awaited<ReturnType<typeof randomWeights>> = await openWeights(path);
  const tensors = await tensorsOf(source);
  await source.close();
  return tensors;
}

/** 9 blocks: 1 to 4 in, 5 in the middle, 6 to 9 out. */
export const tiny = architectureFromFlags({
  flags: {
    image_size: 8,
    num_channels: 32,
    num_res_blocks: 1,
    channel_mult: "1,2",
    attention_resolutions: "4",
    num_heads: 2,
  },
  diffusion: {},
});

export function tinyWeights(): Promise<Named> {
  return tensorsOf(randomWeights(tiny, 3, { zeroModules: "random" }));
}

async function tensorsOf(source: ReturnType<typeof randomWeights>): Promise<Named> {
  const names = [...source.tensors.keys()];
  const tensors = await Promise.all(names.map(async (name) => [name, await source.read(name)] as const));
  return new Map(tensors);
}
