/** What is not trained costs no gradient work: counted in kernels. */

import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createTfjsUnet, type TfjsUnet, type TfjsUnetOptions } from "../src/index.js";
import { tensor, tiny, wave, waveWeights } from "./tiny.js";

const architecture = tiny({ resblock_updown: true });
const SHAPE = [1, 3, 8, 8];
const BLOCK = 6;

beforeAll(() => start("cpu"));

function create(trainable: TfjsUnetOptions["trainable"]): Promise<TfjsUnet> {
  return createTfjsUnet({
    architecture,
    weights: waveWeights(architecture),
    ...(trainable !== undefined && { trainable }),
  });
}

function outputs(unet: TfjsUnet, x: tf.Tensor, feedback?: tf.Tensor): tf.Scalar {
  const visit = ({ number }: { number: number }, value: tf.Tensor) =>
    number === BLOCK && feedback ? { replace: tf.add(value, feedback) } : undefined;
  const output = unet.forward({ x, timesteps: tf.tensor([7]) }, { visit });
  return tf.mean(tf.square(output!));
}

/** How often each kernel ran. */
async function kernelsOf(work: () => void): Promise<(name: string) => number> {
  const { kernels } = await tf.profile(() => tf.tidy(work));
  return (name) => kernels.filter((kernel) => kernel.name === name).length;
}

describe("a frozen network", () => {
  test("is what is made unless asked otherwise, and TensorFlow.js trains none of it", async () => {
    const unet = await create(undefined);
    expect(unet.trainable).toEqual([]);
    const x = tensor(SHAPE, wave(SHAPE, 1));
    expect(() => tf.variableGrads(() => outputs(unet, x))).toThrow(/trainable/);
    unet.dispose();
  });

  test("passes a gradient on to feedback without one for any filter, nor for any block before", async () => {
    const unet = await create(false);
    const x = tensor(SHAPE, wave(SHAPE, 1));
    const feedback = tf.variable(tensor([1, 64, 4, 4], wave([1, 64, 4, 4], 2)));
    const count = await kernelsOf(() => {
      tf.variableGrads(() => outputs(unet, x, feedback), [feedback]);
    });
    const after = convolutionsAfter(BLOCK);
    expect(count("Conv2DBackpropFilter")).toBe(0);
    expect(count("Conv2DBackpropInput")).toBe(after);
    expect(count("Conv2D")).toBeGreaterThan(after);
    unet.dispose();
  });

  test("a gradient for the image alone visits every convolution once and no filter", async () => {
    const unet = await create(false);
    const count = await kernelsOf(() => {
      tf.grad((x) => outputs(unet, x))(tensor(SHAPE, wave(SHAPE, 1)));
    });
    expect(count("Conv2DBackpropFilter")).toBe(0);
    expect(count("Conv2DBackpropInput")).toBe(count("Conv2D"));
    unet.dispose();
  });
});

describe("a network of which a part learns", () => {
  test("has gradients for that part's filters alone", async () => {
    const unet = await create((name) => name.startsWith("output_blocks.3."));
    expect(unet.trainable.every((name) => name.startsWith("output_blocks.3."))).toBe(true);
    const filters = unet.trainable.filter((name) => unet.variables.get(name)!.rank === 4);
    expect(filters.length).toBeGreaterThan(0);
    const count = await kernelsOf(() => {
      const { grads } = tf.variableGrads(() => outputs(unet, tensor(SHAPE, wave(SHAPE, 1))));
      expect(Object.keys(grads)).toHaveLength(unet.trainable.length);
    });
    expect(count("Conv2DBackpropFilter")).toBe(filters.length);
    expect(count("Conv2DBackpropInput")).toBeLessThan(filters.length + 2);
    unet.dispose();
  });
});

/** Convolutions of later blocks and of the output: kernels with three or four dimensions. */
function convolutionsAfter(block: number): number {
  const later = [...waveWeights(architecture)].filter(([name, { shape }]) => {
    const output = /^output_blocks\.(\d+)\./.exec(name);
    const number = output ? Number(output[1]) + 6 : 0;
    return shape.length >= 3 && (number > block || name.startsWith("out."));
  });
  return later.length;
}
