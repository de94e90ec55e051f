import { readdirSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineHead, type HeadDefinition, type HeadTap, heads } from "../src/index.js";
import { headContract } from "../src/testing.js";
import { engines, start } from "./engines.js";

const tap: HeadTap = { name: "t90/b09", block: 9, timestep: 90, channels: 6, height: 5, width: 4 };

/** Specs that each registered head has to hold the contract with. */
const specs: Record<string, unknown[]> = {
  linear: [{}, { pool: 1 }, { pool: 3 }, { pool: 9 }],
};

describe.each(engines)("on %s", (engine) => {
  beforeAll(() => start(engine));

  for (const definition of heads) {
    describe.each(specs[definition.name]!)(`${definition.name} %j`, (spec) => {
      test.each(headContract.map((each) => [each.name, each] as const))("%s", async (_, { check }) => {
        await check({ definition, spec, taps: [tap], classes: 7 });
      });
    });
  }
});

describe("the contract notices", () => {
  beforeAll(() => start("cpu"));

  const faulty = (parts: (variable: tf.Variable) => (x: tf.Tensor2D) => tf.Tensor): HeadDefinition =>
    defineHead({
      name: "faulty",
      spec: z.strictObject({}),
      build({ classes }) {
        const weight = tf.tidy(() => tf.variable(tf.ones([classes, 6])));
        const spare = tf.tidy(() => tf.variable(tf.ones([classes])));
        const forward = parts(spare);
        return {
          variables: new Map([
            ["weight", weight],
            ["spare", spare],
          ]),
          forward: (maps) => {
            const means = tf.mean(maps.get(tap.name)!, [2, 3]);
            return forward(tf.matMul(means, weight as tf.Variable<tf.Rank.R2>, false, true)) as tf.Tensor2D;
          },
        };
      },
    });

  const run = (name: RegExp, definition: HeadDefinition) =>
    headContract
      .find((each) => name.test(each.name))!
      .check({ definition, spec: {}, taps: [tap], classes: 7 });

  test("a parameter without gradient", async () => {
    await expect(
      run(
        /gradient/,
        faulty(() => (x) => x),
      ),
    ).rejects.toThrow(/spare/);
  });

  test("a wrong number of logits", async () => {
    await expect(
      run(
        /one row/,
        faulty(() => (x) => tf.concat([x, x], 1)),
      ),
    ).rejects.toThrow();
  });

  test("evaluation that mixes the batch", async () => {
    await expect(
      run(
        /alone/,
        faulty(() => (x) => tf.sub(x, tf.mean(x, 0))),
      ),
    ).rejects.toThrow(/depend on its batch/);
  });

  test("evaluation that trains", async () => {
    const learning = faulty((spare) => (x) => {
      spare.assign(tf.add(spare, 1));
      return tf.add(x, 0);
    });
    await expect(run(/alone/, learning)).rejects.toThrow(/evaluation changed the head/);
  });

  test("parameters that the seed does not decide", async () => {
    await expect(
      run(
        /seed/,
        faulty(() => (x) => x),
      ),
    ).rejects.toThrow();
  });

  test("tensors left behind", async () => {
    const leaking = faulty(() => (x) => {
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
  expect(Object.keys(specs).sort()).toEqual(files.sort());
});
