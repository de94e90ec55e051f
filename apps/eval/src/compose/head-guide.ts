/**
 * A head trained on the network's features as a guide: the gradient of its log-probability, through the U-Net up to the head's deepest
 * block (of a head that feeds back, through both passes), with respect to x_t. Whatever timesteps the head was trained at, the network
 * is fed the sampling step's own.
 */
import type { ImageSize } from "@difftap/backbone";
import { createTfjsUnet, type TfjsUnet } from "@difftap/backbone-tfjs";
import { bytesOf, DifftapError, ndarray, sha256Hex } from "@difftap/core";
import type { tf } from "@difftap/engine";
import { tf as engine } from "@difftap/engine";
import { adaptiveAveragePool, type Features, type Head, type HeadTap } from "@difftap/heads";
import type { GuideSource } from "./guide.js";
import { type GuidedNetwork, guidedNetwork } from "./guided-network.js";
import type { Model } from "./model.js";
import { logProbability, onArrays } from "./noisy-gradient.js";
import { openSavedHead } from "./saved-head.js";

/**
 * Opens the head that a run trained, and a differentiable copy of the network.
 * @param size of the samples
 * @throws DifftapError as `openSavedHead` does; REQUEST_INVALID for a head on blocks of another network.
 */
export async function openHeadGuide(
  { run, model: name }: { readonly run: string; readonly model?: string | undefined },
  model: Model,
  size: ImageSize,
): Promise<GuideSource> {
  const unet = await createTfjsUnet({ architecture: model.architecture, weights: model.source });
  const network = guidedNetwork(unet, size);
  let head: Head | undefined;
  const close = () => {
    head?.dispose();
    unet.dispose();
  };
  try {
    head = await openSavedHead({ run, model: name, which: "latest", network });
    checkSizes(run, head);
    checkTaps(run, head, unet);
    return {
      by: `head ${head.description.head} of ${run}`,
      digest: await digestOf(head),
      classes: head.description.classes,
      gradient: onArrays(headGradient(head, unet, network)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function headGradient(head: Head, unet: TfjsUnet, network: GuidedNetwork) {
  return (x: tf.Tensor, timesteps: tf.Tensor, labels: tf.Tensor) => {
    const conditions = unet.architecture.classes === null ? { timesteps } : { timesteps, labels };
    return engine.grad((images) => {
      const features = featuresOf(unet, { x: images, ...conditions }, head.inputs);
      const logits = network.under(conditions, () => head.forward(features, { training: false }));
      return logProbability(logits, labels);
    })(x);
  };
}

/** The map of each input, pooled to the size the head was built for. */
function featuresOf(
  unet: TfjsUnet,
  given: Parameters<TfjsUnet["forward"]>[0],
  inputs: readonly HeadTap[],
): Features {
  const deepest = Math.max(...inputs.map(({ block }) => block));
  const maps = new Map<number, tf.Tensor4D>();
  unet.forward(given, {
    visit: ({ number }, value) => {
      if (inputs.some(({ block }) => block === number)) maps.set(number, value as tf.Tensor4D);
      return number === deepest ? "stop" : undefined;
    },
  });
  return Object.fromEntries(
    inputs.map(({ name, block, height, width }) => [
      name,
      adaptiveAveragePool(maps.get(block)!, [height, width]),
    ]),
  );
}

/** One x_t is all there is: of one size. */
function checkSizes(run: string, { description }: Head): void {
  const other = description.taps.find(({ size }) => size !== undefined);
  if (other === undefined) return;
  throw new DifftapError(
    "UNSUPPORTED",
    `the head of ${run} reads images of several sizes (${other.name}), and what is drawn has one`,
    { hint: "guide with a head on taps of one size", details: { tap: other.name } },
  );
}

function checkTaps(run: string, { description }: Head, { blocks }: TfjsUnet): void {
  const wrong = description.taps.find(({ block, channels }) => blocks[block - 1]?.channels !== channels);
  if (wrong === undefined) return;
  const found = blocks[wrong.block - 1]?.channels ?? "no";
  throw new DifftapError(
    "REQUEST_INVALID",
    `the head of ${run} reads ${wrong.channels} channels of block ${wrong.block}, which has ${found} in this network`,
    { hint: "guide with a head that was trained on features of the same weights" },
  );
}

/** sha256 over parameters and buffers by name. */
async function digestOf({ variables, buffers }: Head): Promise<string> {
  const parts = [...variables, ...buffers].sort(([a], [b]) => (a < b ? -1 : 1));
  const hashes = [];
  for (const [name, variable] of parts) {
    const data = Float32Array.from(await variable.data());
    hashes.push(`${name} ${sha256Hex(bytesOf(ndarray("float32", variable.shape, data)))}`);
  }
  return sha256Hex(hashes.join("\n"));
}
