/** Dropout, recomputing, weights in and out, what is refused. */
import { type Architecture, randomWeights } from "@difftap/backbone";
import { ndarray } from "@difftap/core";
import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createTfjsUnet, readWeights, type TfjsUnet } from "../src/index.js";
import { tensor, tiny, wave, waveWeights } from "./tiny.js";

const SHAPE = [2, 3, 8, 8];
const dropping = tiny({ dropout: 0.3 });

function create(architecture: Architecture, recompute = false): Promise<TfjsUnet> {
  return createTfjsUnet({ architecture, weights: waveWeights(architecture), trainable: true, recompute });
}

function forward(unet: TfjsUnet, options: Parameters<TfjsUnet["forward"]>[1] = {}): tf.Tensor4D {
  return unet.forward({ x: tensor(SHAPE, wave(SHAPE, 1)), timesteps: tf.tensor([7, 321]) }, options)!;
}

async function gradientsOf(recompute: boolean): Promise<Map<string, Float32Array>> {
  const unet = await create(dropping, recompute);
  const options = { training: true, dropoutAddress: { seed: 4, index: 12 } };
  const { grads } = tf.variableGrads(() => tf.mean(tf.square(forward(unet, options))));
  const found = new Map<string, Float32Array>();
  for (const [name, variable] of unet.variables) {
    found.set(name, Float32Array.from(await grads[variable.name]!.data()));
  }
  unet.dispose();
  return found;
}

describe("recomputing", () => {
  describeEngines("on", () => {
    test("gives the gradients of the plain way, dropout included", async () => {
      const [plain, again] = [await gradientsOf(false), await gradientsOf(true)];
      const largest = Math.max(
        ...[...plain.values()].map((each) => each.reduce((a, b) => Math.max(a, Math.abs(b)), 0)),
      );
      expect(largest).toBeGreaterThan(0);
      expect([...again.keys()]).toEqual([...plain.keys()]);
      for (const [name, expected] of plain) {
        const differences = expected.map((each, i) => Math.abs(each - again.get(name)![i]!));
        expect(
          differences.every((each) => each <= 1e-6 * largest),
          name,
        ).toBe(true);
      }
    });
  });

  test("keeps less between the forward and the gradient", async () => {
    await start("cpu");
    const held = async (recompute: boolean): Promise<number> => {
      const unet = await create(tiny(), recompute);
      const before = tf.memory().numBytes;
      let during = 0;
      tf.tidy(() => {
        tf.variableGrads(() => {
          const loss = tf.tidy(() => tf.mean(tf.square(forward(unet))) as tf.Scalar);
          during = tf.memory().numBytes - before;
          return loss;
        });
      });
      expect(tf.memory().numBytes).toBe(before);
      unet.dispose();
      return during;
    };
    expect(await held(true)).toBeLessThan(0.5 * (await held(false)));
  });
});

describe("dropout", () => {
  beforeAll(() => start("cpu"));

  test("is the same at the same address, another at any other, and absent in evaluation", async () => {
    const unet = await create(dropping);
    const at = (seed: number, index: number) =>
      forward(unet, { training: true, dropoutAddress: { seed, index } }).dataSync();
    expect(at(1, 2)).toEqual(at(1, 2));
    expect(at(1, 2)).not.toEqual(at(1, 3));
    expect(at(1, 2)).not.toEqual(at(2, 2));
    const plain = await create(tiny());
    expect(forward(unet).dataSync()).toEqual(forward(plain).dataSync());
  });

  test("without an address is refused in training", async () => {
    const unet = await create(dropping);
    expect(() => forward(unet, { training: true })).toThrow(
      expect.objectContaining({ code: "REQUEST_INVALID", message: expect.stringMatching(/dropoutAddress/) }),
    );
  });
});

describe("weights", () => {
  beforeAll(() => start("cpu"));

  test("come back as they went in, a copy", async () => {
    const weights = waveWeights(tiny());
    const unet = await createTfjsUnet({ architecture: tiny(), weights });
    const read = await readWeights(unet.variables);
    expect(read).toEqual(weights);
    const name = "out.2.bias";
    unet.variables.get(name)!.assign(tf.zeros([6]));
    expect(read.get(name)).toEqual(weights.get(name));
    expect((await readWeights(unet.variables)).get(name)!.data).toEqual(new Float32Array(6));
  });

  test("are taken from a source, and held by nobody after dispose", async () => {
    const before = tf.memory().numTensors;
    const unet = await createTfjsUnet({ architecture: tiny(), weights: randomWeights(tiny(), 3) });
    expect(tf.memory().numTensors).toBe(before + unet.variables.size);
    tf.tidy(() => void forward(unet));
    unet.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("that do not fit are all listed, and nothing is held", async () => {
    const before = tf.memory().numTensors;
    const weights = new Map([...waveWeights(tiny()), ["surplus", ndarray("float32", [1])] as const]);
    weights.delete("out.2.bias");
    await expect(createTfjsUnet({ architecture: tiny(), weights })).rejects.toThrow(
      expect.objectContaining({
        code: "WEIGHTS_MISMATCH",
        message: expect.stringMatching(/out\.2\.bias(.|\n)*surplus/),
      }),
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("visit", () => {
  beforeAll(() => start("cpu"));

  test("stops the run, and sees maps with channels first", async () => {
    const unet = await create(tiny());
    const seen: number[][] = [];
    const visit = ({ number }: { number: number }, value: tf.Tensor) => {
      seen.push(value.shape);
      return number === 3 ? ("stop" as const) : undefined;
    };
    expect(
      unet.forward({ x: tensor(SHAPE, wave(SHAPE, 1)), timesteps: tf.tensor([7, 8]) }, { visit }),
    ).toBeUndefined();
    expect(seen).toEqual([
      [2, 32, 8, 8],
      [2, 32, 8, 8],
      [2, 32, 4, 4],
    ]);
  });
});
