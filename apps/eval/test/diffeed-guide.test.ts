/** A head that feeds back as a guide: its gradient goes through both passes. */
import { join } from "node:path";
import { openOnnxBackbone } from "@difftap/backbone-onnx";
import { createTfjsUnet } from "@difftap/backbone-tfjs";
import type { NdArray } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { createHead, describeTap, type Head, type HeadNetwork } from "@difftap/heads";
import { readRunFolder } from "@difftap/run-folder";
import { memorySource, paperRecipe, train } from "@difftap/trainer";
import { beforeAll, expect, test } from "vitest";
import { openHeadGuide } from "../src/compose/head-guide.js";
import { type Model, openModel } from "../src/compose/model.js";
import { openSavedHead } from "../src/compose/saved-head.js";
import { draw, expectSlopes } from "./slopes.js";
import { run, smallModel } from "./world.js";

const size = { height: 16, width: 16 };
const classes = 4;
const labels = Int32Array.of(2, 0);
const timesteps = [731, 731];

let weights: string;
let runFolder: string;
beforeAll(async () => {
  await selectEngine("auto");
  const small = await smallModel();
  weights = small.weights;
  runFolder = join(small.folder, "diffeed");
  const model = await openModel({ weights });
  await trainDiffeed(model);
  await model.source.close();
});

/** Blocks 6 and 7 fed back, block 7 read in both passes at two timesteps; a few steps on maps by chance. */
async function trainDiffeed({ architecture, source }: Model): Promise<void> {
  const unet = await createTfjsUnet({ architecture, weights: source });
  const { blocks } = unet;
  const taps = [10, 50].map((timestep) => describeTap(blocks, { block: 7, timestep, pool: 2, size }));
  const spec = {
    feedback: { blocks: [6, 7] },
    passes: { first: [7], second: [7] },
    ...{ pool: 2, width: 32, heads: 2, layers: 1, norm: "batch" },
  };
  const network: HeadNetwork = {
    blocks,
    size,
    resume: ({ timestep, ...state }, visit) => {
      unet.resume({ timesteps: tf.tensor1d([Number(timestep)]), state }, { visit });
    },
  };
  const head = createHead({ head: "diffeed", spec, taps, classes, seed: 3, network });
  const rows = 16;
  const maps = head.inputs.map(
    ({ name, channels, height, width }, index) =>
      [name, draw(50 + index, [rows, channels, height, width])] as const,
  );
  await train({
    model: head,
    source: memorySource(
      Object.fromEntries(maps),
      Int32Array.from({ length: rows }, (_, row) => row % classes),
    ),
    recipe: { ...paperRecipe, learningRate: 0.05, batch: 8, duration: { epochs: 2 } },
    folder: runFolder,
  });
  head.dispose();
  unet.dispose();
}

/** Both passes as one graph of the fast runtime, at the timesteps it is given; the head reads their maps. */
async function openReference(model: Model) {
  const runtime = await openOnnxBackbone({
    architecture: model.architecture,
    weights: model.source,
    workers: 1,
  });
  const head: Head = await openSavedHead({
    run: runFolder,
    which: "latest",
    network: { blocks: runtime.blocks, size },
  });
  const feedback = await head.feedback!();
  const reads = [
    { block: 7, pool: "map" as const },
    { block: 7, pool: "map" as const, pass: 2 as const },
  ];
  const session = await runtime.prepare(reads, { size, feedback, images: "float32" });
  const logProbability = async (x: NdArray<"float32">) => {
    const maps = await session.runNetwork({ x, timesteps });
    return tf.tidy(() => {
      const features = head.inputs.map(({ name, pass }) => {
        const { data, shape } = maps[pass === 2 ? 1 : 0]!;
        return [name, tf.tensor(data, [...shape])] as const;
      });
      const logits = head.forward(Object.fromEntries(features), { training: false });
      const values = tf.logSoftmax(logits).arraySync() as number[][];
      return values.reduce((sum, row, n) => sum + row[labels[n]!]!, 0);
    });
  };
  const close = async () => {
    await session.close();
    head.dispose();
    await runtime.close();
  };
  return { logProbability, close };
}

test("the gradient is that of differences over both passes in one graph, at the sampling step's own timestep", async () => {
  const model = await openModel({ weights });
  const guide = await openHeadGuide({ run: runFolder }, model, size);
  const { logProbability, close } = await openReference(model);
  const x = draw(90, [2, 3, 16, 16]);
  await expectSlopes(await guide.gradient(x, timesteps, labels), x, logProbability);
  guide.close();
  await close();
  await model.source.close();
});

test("sample is guided by it", async () => {
  const out = join(runFolder, "guided");
  const argv = ["--weights", weights, "--count", "2", "--steps", "3", "--labels", "1", "--out", out];
  const { code, err } = run("sample", ...argv, "--guide-head", runFolder, "--guidance-scale", "3");
  expect(code, err).toBe(0);
  const { results } = await readRunFolder(out);
  expect(results.samples).toMatchObject({ guidance: { by: `head diffeed of ${runFolder}`, scale: 3 } });
});
