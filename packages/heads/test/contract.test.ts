import { readdirSync } from "node:fs";
import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineHead, type HeadDefinition, type HeadParts, type HeadTap, heads } from "../src/index.js";
import { headContract } from "../src/testing.js";
import { networkOf, openUnet, tiny, tinyWeights, type Unet } from "./networks.js";

const tap: HeadTap = { name: "t90/b09", block: 9, timestep: 90, channels: 6, height: 5, width: 4 };
const tapAt = (timestep: HeadTap["timestep"], block: number, size: Partial<HeadTap> = {}): HeadTap => ({
  ...tap,
  name: `${timestep}/b${block}`,
  timestep,
  block,
  ...size,
});
const larger = { channels: 4, height: 7, width: 8 };
const grid = ["clean", 90, 300].flatMap((timestep) => [
  tapAt(timestep as HeadTap["timestep"], 9),
  tapAt(timestep as HeadTap["timestep"], 12, larger),
]);

/** The same taps of images of two sizes. */
const atSizes = (taps: readonly HeadTap[]) =>
  taps.flatMap((one) => [
    one,
    { ...one, name: `${one.name}@96`, height: 6, width: 6, size: { height: 96, width: 96 } },
  ]);

interface Variant {
  readonly taps: readonly HeadTap[];
  readonly specs: readonly unknown[];
  /** With taps of images of two sizes. */
  readonly sized?: unknown;
  /** Feeds back into the small network. */
  readonly feeding?: boolean;
}

const small = { width: 8, heads: 2 };

/** Taps and specs that each registered head has to hold the contract with. */
const variants: Record<string, Variant> = {
  linear: {
    taps: [tap],
    specs: [{}, { pool: 1 }, { pool: 3, norm: "batch" }, { pool: 9 }],
    sized: { norm: "batch" },
  },
  mlp: {
    taps: [tap],
    specs: [{ hidden: [8] }, { pool: 3, hidden: [8, 6], norm: "batch" }],
    sized: { pool: 9, hidden: [8] },
  },
  cnn: {
    taps: [tap],
    specs: [
      { channels: [8] },
      { channels: [8, 6], pool: 2 },
      { channels: [8, 8, 8, 8], kernel: 5, norm: "none" },
    ],
    sized: { channels: [8, 6], pool: 2 },
  },
  attention: {
    taps: [tap],
    specs: [
      small,
      { ...small, layers: 1, norm: "batch", pool: 2 },
      { ...small, norm: "layer-interpolated", mlpRatio: 1.5, pool: 3 },
    ],
    sized: { ...small, positions: "learned", layers: 1 },
  },
  difformer: {
    taps: grid,
    specs: [
      small,
      { ...small, norm: "batch", pool: 3, layers: 1 },
      { ...small, norm: "batch-per-timestep", pool: 2, layers: 1 },
      { ...small, heads: 1, pool: 1 },
    ],
    sized: { ...small, norm: "batch-per-timestep", positions: "learned", pool: 3 },
  },
  diffeed: {
    taps: [tapAt(90, 7), tapAt("clean", 7)],
    feeding: true,
    specs: [
      { ...small, layers: 1, feedback: { blocks: [6] } },
      {
        ...small,
        pool: 2,
        norm: "batch",
        feedback: { blocks: [7, 6], module: "C_G_S_C_B" },
        passes: { first: [7], second: [7] },
      },
    ],
  },
  weighted: {
    taps: grid.slice(1),
    specs: [{ width: 6 }, { width: 6, pool: 9, norm: "batch" }, { width: 6, norm: "batch-per-timestep" }],
    sized: { width: 6 },
  },
};

describeEngines("on", () => {
  let unet: Unet;
  beforeAll(async () => {
    unet = await openUnet(tiny, await tinyWeights());
  });
  afterAll(() => unet.dispose());

  for (const definition of heads) {
    const { taps: one, specs, sized, feeding } = variants[definition.name]!;
    const cases = [
      ...specs.map((spec) => ({ sizes: 1, spec, taps: one })),
      ...(sized === undefined ? [] : [{ sizes: 2, spec: sized, taps: atSizes(one) }]),
    ];
    describe.each(cases)(`${definition.name} at $sizes size(s): $spec`, ({ spec, taps }) => {
      for (const { name, check } of headContract) {
        test(name, () => {
          const network = feeding ? { network: networkOf(unet, { height: 4, width: 4 }) } : {};
          return check({ definition, spec, taps, classes: 7, ...network });
        });
      }
    });
  }
});

describe("the contract notices", () => {
  beforeAll(() => start("cpu"));

  type Work = (x: tf.Tensor2D, spare: tf.Variable, training: boolean) => tf.Tensor;

  const faulty = (work: Work, rest: Partial<HeadParts> = {}): HeadDefinition =>
    defineHead({
      name: "faulty",
      spec: z.strictObject({}),
      build({ classes }) {
        const weight = tf.tidy(() => tf.variable(tf.ones([classes, 6])));
        const spare = tf.tidy(() => tf.variable(tf.ones([classes]), false));
        return {
          variables: new Map([["weight", weight]]),
          buffers: new Map([["spare", spare]]),
          forward: (maps, { training }) => {
            const means = tf.mean(maps.get(tap.name)!, [2, 3]) as tf.Tensor2D;
            const product = tf.matMul(means, weight as tf.Variable<tf.Rank.R2>, false, true) as tf.Tensor2D;
            return work(product, spare, training) as tf.Tensor2D;
          },
          ...rest,
        };
      },
    });

  const run = (name: RegExp, definition: HeadDefinition) =>
    headContract
      .find((each) => name.test(each.name))!
      .check({ definition, spec: {}, taps: [tap], classes: 7 });

  test("a parameter without gradient", async () => {
    const idle = tf.tidy(() => tf.variable(tf.ones([7])));
    const sound = faulty((x) => x);
    const stray: HeadDefinition = {
      ...sound,
      build: (context) => {
        const parts = sound.build(context);
        return { ...parts, variables: new Map([...parts.variables, ["idle", idle]]) };
      },
    };
    await expect(run(/gradient/, stray)).rejects.toThrow(/idle/);
  });

  test("a wrong number of logits", async () => {
    await expect(
      run(
        /one row/,
        faulty((x) => tf.concat([x, x], 1)),
      ),
    ).rejects.toThrow();
  });

  test("a single sample without logits", async () => {
    const dividing: Work = (x) => (x.shape[0] === 1 ? tf.mul(x, Number.NaN) : x);
    await expect(run(/batch of one/, faulty(dividing))).rejects.toThrow(/not finite/);
  });

  test("evaluation that mixes the batch", async () => {
    await expect(
      run(
        /alone/,
        faulty((x) => tf.sub(x, tf.mean(x, 0))),
      ),
    ).rejects.toThrow(/depend on its batch/);
  });

  const countingWhere = (counts: (training: boolean) => boolean, reads: boolean) =>
    faulty((x, spare, training) => {
      if (counts(training)) spare.assign(tf.add(spare, 1));
      return reads ? tf.mul(x, spare) : tf.add(x, 0);
    });

  test("evaluation that trains", async () => {
    const learning = countingWhere(() => true, false);
    await expect(run(/alone/, learning)).rejects.toThrow(/evaluation changed the head/);
  });

  test("buffers that training does not move, or evaluation does not read", async () => {
    const still = countingWhere(() => false, true);
    await expect(run(/moves its buffers/, still)).rejects.toThrow(/moved no buffer/);
    const unread = countingWhere((training) => training, false);
    await expect(run(/moves its buffers/, unread)).rejects.toThrow(/does not read the buffers/);
    await run(
      /moves its buffers/,
      countingWhere((training) => training, true),
    );
  });

  test("parameters that the seed does not decide", async () => {
    await expect(
      run(
        /seed/,
        faulty((x) => x),
      ),
    ).rejects.toThrow();
  });

  test("training that differs from run to run", async () => {
    let calls = 0;
    const drifting = faulty((x) => tf.mul(x, 1 + calls++));
    await expect(run(/same bits/, drifting)).rejects.toThrow();
  });

  test("explanations that do not add up", async () => {
    const heavy = { tapWeights: () => tf.tensor1d([2]) };
    await expect(
      run(
        /looks/,
        faulty((x) => x, heavy),
      ),
    ).rejects.toThrow(/sum to 2/);
    const weights = () => tf.ones([5, 1, 1, 20]) as tf.Tensor4D;
    const staring = { attentionMaps: () => [{ tap: tap.name, height: 5, width: 4, weights: weights() }] };
    await expect(
      run(
        /looks/,
        faulty((x) => x, staring),
      ),
    ).rejects.toThrow(/more than 1/);
  });

  test("tensors left behind", async () => {
    const leaking = faulty((x) => {
      tf.keep(tf.ones([3]));
      return tf.add(x, 0);
    });
    await expect(run(/behind/, leaking)).rejects.toThrow(/forward leaves tensors/);
  });
});

test("every file in definitions/ is registered under its own name", () => {
  const files = readdirSync(new URL("../src/definitions", import.meta.url)).map((file) =>
    file.replace(/\.ts$/, ""),
  );
  expect(heads.map(({ name }) => name).sort()).toEqual(files.sort());
  expect(Object.keys(variants).sort()).toEqual(files.sort());
});
