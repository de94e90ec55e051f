/** The network before a head or an adapter, trained along with it: images and their noise in, maps of its taps out. */
import { createTfjsUnet, type TfjsUnet } from "@difftap/backbone-tfjs";
import { tf } from "@difftap/engine";
import { BACKBONE, type Model } from "@difftap/eval";
import type { HeadTap } from "@difftap/heads";
import { alphaCoefficients } from "@difftap/scheduler";
import type { ForwardOptions } from "@difftap/trainer";
import { IMAGE, noiseName } from "./finetune-images.js";
import { rateShares } from "./finetune-rates.js";
import type { FinetuneSettings } from "./finetune-settings.js";

/** How the network learns. */
export type TuningSettings = Pick<
  FinetuneSettings,
  "trainedBlocks" | "freeze" | "learningRate" | "backboneRate" | "layerDecay" | "dropout" | "recompute"
> & { readonly diffusionWeight?: number };

export interface TunedNetworkOptions {
  readonly model: Model;
  readonly taps: readonly HeadTap[];
  readonly settings: TuningSettings;
  /** Of dropout. */
  readonly seed: number;
}

type Inputs = Readonly<Record<string, tf.Tensor>>;

export interface TunedNetwork {
  readonly unet: TfjsUnet;
  /** What is trained, under names that begin with `BACKBONE`. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** Shares of the head's learning rate, by the same names. */
  readonly rateShares: ReadonlyMap<string, number>;
  /** Whole maps by the taps' names; inputs are `IMAGE` and the noise of each timestep. Called inside a tidy. */
  maps(inputs: Inputs, how: ForwardOptions): Record<string, tf.Tensor4D>;
  dispose(): void;
}

/** @throws DifftapError CONFIG_INVALID for more blocks than there are. */
export async function createTunedNetwork(options: TunedNetworkOptions): Promise<TunedNetwork> {
  const { model, taps, settings } = options;
  const shares = sharesOf(options);
  const unet = await createTfjsUnet({
    architecture: { ...model.architecture, dropout: settings.dropout },
    weights: model.source,
    trainable: (name) => shares.has(name),
    recompute: settings.recompute,
  });
  const trained = [...shares.keys()].map((name) => [BACKBONE + name, unet.variables.get(name)!] as const);
  const running = { ...options, unet, passes: passesOf(taps) };
  return {
    unet,
    variables: new Map(trained),
    rateShares: new Map([...shares].map(([name, share]) => [BACKBONE + name, share])),
    maps: (inputs, how) =>
      Object.assign({}, ...running.passes.map((_, place) => runPass(inputs, how, running, place))),
    dispose: () => unet.dispose(),
  };
}

/** What decides how the backbone changes, for a model's description. */
export function howTrained(
  settings: TuningSettings & Partial<Pick<FinetuneSettings, "prediction">>,
): Record<string, unknown> {
  const {
    trainedBlocks,
    freeze,
    backboneRate,
    layerDecay,
    diffusionWeight = 0,
    prediction,
    dropout,
  } = settings;
  if (freeze) return { trainedBlocks: 0, dropout };
  const common = { trainedBlocks, backboneRate, layerDecay, dropout };
  return diffusionWeight > 0 ? { ...common, diffusionWeight, prediction } : common;
}

/** The network runs no further for a head. */
export function deepestBlock(taps: readonly HeadTap[]): number {
  return Math.max(...taps.map(({ block }) => block));
}

function sharesOf({ model, taps, settings }: TunedNetworkOptions): Map<string, number> {
  const { freeze, trainedBlocks, learningRate, backboneRate, layerDecay, diffusionWeight = 0 } = settings;
  return rateShares(model.architecture, {
    deepest: deepestBlock(taps),
    blocks: freeze ? 0 : trainedBlocks,
    diffusion: diffusionWeight > 0,
    share: backboneRate / learningRate,
    decay: layerDecay,
  });
}

/** One run of the network: a timestep and the taps that are read at it. */
interface Pass {
  readonly timestep: HeadTap["timestep"];
  readonly taps: readonly HeadTap[];
}

function passesOf(taps: readonly HeadTap[]): Pass[] {
  const timesteps = [...new Set(taps.map(({ timestep }) => timestep))];
  return timesteps.map((timestep) => ({
    timestep,
    taps: taps.filter((tap) => tap.timestep === timestep),
  }));
}

type Running = TunedNetworkOptions & { readonly unet: TfjsUnet; readonly passes: readonly Pass[] };

function runPass(
  inputs: Inputs,
  { training, step = 0 }: ForwardOptions,
  { unet, passes, seed, model }: Running,
  place: number,
): Record<string, tf.Tensor4D> {
  const { timestep, taps } = passes[place]!;
  const { signal, noise, networkTimestep } = alphaCoefficients(model.architecture.diffusion, timestep);
  const image = inputs[IMAGE]!;
  const x =
    timestep === "clean" ? image : tf.add(tf.mul(image, signal), tf.mul(inputs[noiseName(timestep)]!, noise));
  const deepest = deepestBlock(taps);
  const maps: Record<string, tf.Tensor4D> = {};
  // One row of timesteps: all images of a batch have the same.
  unet.forward(
    { x, timesteps: tf.tensor1d([networkTimestep]) },
    {
      training,
      dropoutAddress: { seed, index: step * passes.length + place },
      visit: ({ number }, value) => {
        for (const { name, block } of taps) if (block === number) maps[name] = value as tf.Tensor4D;
        return number === deepest ? "stop" : undefined;
      },
    },
  );
  return maps;
}
