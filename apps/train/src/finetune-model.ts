/** A head and the network before it as one thing that is trained: images and noise in, logits out. */
import { createTfjsUnet, type TfjsUnet } from "@difftap/backbone-tfjs";
import { weightsDigest } from "@difftap/checkpoint";
import { tf } from "@difftap/engine";
import { BACKBONE, type Model } from "@difftap/eval";
import { adaptiveAveragePool, type Head, type HeadTap } from "@difftap/heads";
import { alphaCoefficients } from "@difftap/scheduler";
import type { ForwardOptions, Trainable } from "@difftap/trainer";
import { diffusionTerm } from "./finetune-diffusion.js";
import { IMAGE, noiseName } from "./finetune-images.js";
import { rateShares } from "./finetune-rates.js";
import type { FinetuneSettings } from "./finetune-settings.js";

export interface FinetuneModel extends Trainable {
  readonly head: Head;
  readonly unet: TfjsUnet;
  dispose(): void;
}

export interface FinetuneParts {
  readonly head: Head;
  readonly model: Model;
  readonly settings: FinetuneSettings;
  readonly seed: number;
  /** What identifies the training images; part of the description. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Takes the head over: it is disposed with the model. @throws DifftapError CONFIG_INVALID for more blocks than there are. */
export async function createFinetuneModel(parts: FinetuneParts): Promise<FinetuneModel> {
  const { head, model, settings, seed, data } = parts;
  const { architecture, source } = model;
  const shares = sharesOf(parts);
  const dropping = { ...architecture, dropout: settings.dropout };
  const trainable = (name: string) => shares.has(name);
  const { recompute, diffusionWeight: weight } = settings;
  const unet = await createTfjsUnet({ architecture: dropping, weights: source, trainable, recompute });
  const trained = [...shares.keys()].map((name) => [BACKBONE + name, unet.variables.get(name)!] as const);
  const passes = passesOf(head.description.taps);
  const options = { ...parts, unet, passes };
  return {
    head,
    unet,
    variables: new Map([...head.variables, ...trained]),
    buffers: head.buffers,
    description: {
      ...head.description,
      backbone: { begun: await weightsDigest(source.path), ...howTrained(settings), data },
    },
    rateShares: new Map([...shares].map(([name, share]) => [BACKBONE + name, share])),
    ...(weight > 0 && { furtherTerm: diffusionTerm({ unet, settings, seed, architecture }) }),
    forward: (features, how) => head.forward(mapsOf(features, how, options), how),
    dispose() {
      head.dispose();
      unet.dispose();
    },
  };
}

/** What decides how the backbone changes. */
function howTrained(settings: FinetuneSettings): Record<string, unknown> {
  const { trainedBlocks, freeze, backboneRate, layerDecay, diffusionWeight, prediction, dropout } = settings;
  if (freeze) return { trainedBlocks: 0, dropout };
  return {
    trainedBlocks,
    backboneRate,
    layerDecay,
    dropout,
    ...(diffusionWeight > 0 && { diffusionWeight, prediction }),
  };
}

/** The network runs no further for a head. */
export function deepestBlock(taps: readonly HeadTap[]): number {
  return Math.max(...taps.map(({ block }) => block));
}

function sharesOf({ head, model, settings }: FinetuneParts): Map<string, number> {
  const { freeze, trainedBlocks, learningRate, backboneRate, layerDecay, diffusionWeight } = settings;
  return rateShares(model.architecture, {
    deepest: deepestBlock(head.description.taps),
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

type Inputs = Readonly<Record<string, tf.Tensor>>;
type Running = FinetuneParts & { readonly unet: TfjsUnet; readonly passes: readonly Pass[] };

/** Maps of all taps by name, pooled to the size that the head was built for. */
function mapsOf(inputs: Inputs, how: ForwardOptions, running: Running): Record<string, tf.Tensor> {
  const maps = running.passes.map((pass, place) => runPass(inputs, how, running, { pass, place }));
  return Object.assign({}, ...maps);
}

function runPass(
  inputs: Inputs,
  { training, step = 0 }: ForwardOptions,
  { unet, passes, seed, model }: Running,
  { pass: { timestep, taps }, place }: { pass: Pass; place: number },
): Record<string, tf.Tensor> {
  const { signal, noise, networkTimestep } = alphaCoefficients(model.architecture.diffusion, timestep);
  const image = inputs[IMAGE]!;
  const x =
    timestep === "clean" ? image : tf.add(tf.mul(image, signal), tf.mul(inputs[noiseName(timestep)]!, noise));
  const deepest = deepestBlock(taps);
  const maps: Record<string, tf.Tensor> = {};
  // One row of timesteps: all images of a batch have the same.
  unet.forward(
    { x, timesteps: tf.tensor1d([networkTimestep]) },
    {
      training,
      dropoutAddress: { seed, index: step * passes.length + place },
      visit: ({ number }, value) => {
        for (const { name, block, height, width } of taps) {
          if (block === number) maps[name] = adaptiveAveragePool(value as tf.Tensor4D, [height, width]);
        }
        return number === deepest ? "stop" : undefined;
      },
    },
  );
  return maps;
}
