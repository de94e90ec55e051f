/** DifFeed's evaluation wholly on ONNX Runtime: the authors' logits, and those of the differentiable network. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { architectureFromFlags, randomWeights, type TrainedFeedback } from "@difftap/backbone";
import { openOnnxBackbone } from "@difftap/backbone-onnx";
import { createTfjsUnet } from "@difftap/backbone-tfjs";
import { openWeights, type WeightSource } from "@difftap/checkpoint";
import { type NdArray, ndarray, normals, streams } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { createHead, type Head, type HeadNetwork, type HeadTap, restoreHead } from "@difftap/heads";
import { beforeAll, describe, expect, test } from "vitest";

const beside = fileURLToPath(new URL("../../../../shared/fixtures", import.meta.url));
const folder = `${process.env.DIFFTAP_FIXTURES ?? beside}/diffeed`;
const missing = !existsSync(folder);

beforeAll(() => selectEngine("onnxruntime"));

interface Inputs {
  /** x_0, float32. */
  readonly images: NdArray<"float32">;
  readonly noise: ReadonlyMap<number, NdArray<"float32">>;
}

type Architecture = ReturnType<typeof architectureFromFlags>;

/** Taps of a head whose maps come whole, so that their own size is not read. */
function tapsAt(timesteps: readonly number[], blocks: readonly number[]): HeadTap[] {
  return timesteps.flatMap((timestep) =>
    blocks.map((block) => ({
      name: `t${timestep}/b${block}`,
      block,
      timestep,
      channels: 1,
      height: 1,
      width: 1,
    })),
  );
}

/** Every input of a head, from one graph. */
async function fromGraph(
  { architecture, weights }: { architecture: Architecture; weights: WeightSource },
  inputs: Inputs,
  { head, feedback }: { head: Head; feedback: TrainedFeedback | undefined },
): Promise<Record<string, tf.Tensor>> {
  const [rows, , height, width] = inputs.images.shape as [number, number, number, number];
  const size = { height, width };
  const backbone = await openOnnxBackbone({ architecture, weights, workers: 1 });
  const features: Record<string, tf.Tensor> = {};
  for (const [timestep, noise] of inputs.noise) {
    const own = head.inputs.filter((tap) => tap.timestep === timestep);
    const taps = own.map(({ block, pass }) => ({ block, pool: "map" as const, ...(pass && { pass }) }));
    const session = await backbone.prepare(taps, { size, ...(feedback && { feedback }) });
    const maps = await session.run({
      images: inputs.images,
      noise,
      timesteps: new Array(rows).fill(timestep),
    });
    own.forEach(({ name }, index) => {
      features[name] = tf.tensor(maps[index]!.data, [...maps[index]!.shape]);
    });
    await session.close();
  }
  await backbone.close();
  return features;
}

function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const values = Array.from(expected);
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((value, index) => Math.abs(value - found[index]!))) / largest;
}

async function readAll(path: string): Promise<Map<string, NdArray>> {
  const source = await openWeights(path);
  const tensors = new Map<string, NdArray>();
  for (const name of source.tensors.keys()) tensors.set(name, await source.read(name));
  await source.close();
  return tensors;
}

describe.skipIf(missing)(`fixtures diffeed${missing ? ` (skipped: ${folder} is missing)` : ""}`, () => {
  test.each(["one-pass-tap", "two-timesteps-both-passes"])(
    "%s: evaluation logits after the step",
    async (name) => {
      const file = JSON.parse(readFileSync(`${folder}/${name}/case.json`, "utf8"));
      const expected = await readAll(`${folder}/${name}/expected.safetensors`);
      const { first, second } = file.taps as { first: number[]; second: number[] };
      const { kind: _, classes, mlp_ratio: mlpRatio, ...fusion } = file.head;
      const { blocks, architecture: module } = file.feedback;
      const architecture = architectureFromFlags({ flags: file.flags, diffusion: {} });
      const weights = await openWeights(`${folder}/${name}/model.pt`);
      const backbone = await openOnnxBackbone({ architecture, weights, workers: 1 });
      const side = architecture.imageSize;
      const network = { blocks: backbone.blocks, size: { height: side, width: side } };
      await backbone.close();
      const spec = { ...fusion, mlpRatio, feedback: { blocks, module }, passes: { first, second } };
      const taps = tapsAt(file.timesteps, [...new Set([...first, ...second])]);
      const fresh = createHead({ head: "diffeed", spec, taps, classes, seed: 0, network });
      const keys = [...fresh.variables.keys(), ...fresh.buffers.keys()];
      const trained = keys.map((key) => {
        const { shape, data } = expected.get(`step1.after.${key}`)!;
        return [key, ndarray("float32", shape, Float32Array.from(data as Float32Array, Number))] as const;
      });
      const head = restoreHead(
        { description: fresh.description, tensors: Object.fromEntries(trained) },
        undefined,
        network,
      );
      const noise = (file.timesteps as number[]).map(
        (timestep) => [timestep, expected.get(`noise.t${timestep}`) as NdArray<"float32">] as const,
      );
      const inputs = { images: expected.get("x") as NdArray<"float32">, noise: new Map(noise) };
      const features = await fromGraph({ architecture, weights }, inputs, {
        head,
        feedback: await head.feedback!(),
      });
      await weights.close();
      const logits = await head.forward(features, { training: false }).data();
      const figure = difference(logits, expected.get("eval.logits")!.data as Float32Array);
      if (process.env.DIFFTAP_FIGURES) process.stdout.write(`${name} through the graph: ${figure}\n`);
      expect(figure).toBeLessThan(1e-4);
      expect(() => head.forward(features, { training: true })).toThrow(
        /built to read features of both passes/,
      );
    },
  );
});

const flags = {
  image_size: 8,
  num_channels: 32,
  num_res_blocks: 1,
  channel_mult: "1,2",
  attention_resolutions: "4",
  num_heads: 2,
};

describe("the graph equals the differentiable network", () => {
  test.each([
    { module: "C_B_R", blocks: [6], read: [7] },
    { module: "C_G_S_C_B", blocks: [7, 6], read: [4, 8] },
    { module: "C_R_B_C_S", blocks: [9, 8, 7], read: [3] },
    { module: "C", blocks: [9], read: [1, 5] },
  ])("$module from $blocks, read at $read", async ({ module, blocks, read }) => {
    const architecture = architectureFromFlags({ flags, diffusion: {} });
    const weights = randomWeights(architecture, 4, { zeroModules: "random" });
    const unet = await createTfjsUnet({ architecture, weights });
    const size = { height: 8, width: 16 };
    const network: HeadNetwork = {
      blocks: unet.blocks,
      size,
      resume: ({ timestep, ...state }, visit) =>
        void unet.resume({ timesteps: tf.tensor1d([Number(timestep)]), state }, { visit }),
    };
    const useful = blocks.filter((block) => 10 - block <= Math.max(...read));
    const spec = {
      width: 8,
      heads: 2,
      layers: 1,
      feedback: { blocks: useful, module },
      passes: { first: [6], second: read },
    };
    const request = { head: "diffeed", spec, taps: tapsAt([20], [6, ...read]), classes: 3, seed: 1 };
    const differentiable = createHead({ ...request, network });
    const shape = [3, 3, 8, 16];
    const draw = (seed: number) =>
      ndarray("float32", shape, normals({ seed, stream: streams.noise }, 3 * 3 * 8 * 16));
    const inputs = { images: draw(1), noise: new Map([[20, draw(2)]]) };
    const maps = await fromGraph({ architecture, weights }, inputs, {
      head: differentiable,
      feedback: undefined,
    });
    // Moves the running statistics away from 0 and 1.
    differentiable.forward(maps, { training: true });
    const wanted = await differentiable.forward(maps, { training: false }).data();
    const { resume: _, ...frozen } = network;
    const reading = createHead({ ...request, network: frozen });
    for (const [name, kept] of [...differentiable.variables, ...differentiable.buffers]) {
      (reading.variables.get(name) ?? reading.buffers.get(name))!.assign(kept);
    }
    const feedback = await reading.feedback!();
    const both = await fromGraph({ architecture, weights }, inputs, { head: reading, feedback });
    const found = await reading.forward(both, { training: false }).data();
    expect(difference(found, wanted)).toBeLessThan(1e-5);
    unet.dispose();
  });
});
