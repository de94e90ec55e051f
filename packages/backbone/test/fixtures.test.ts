/** Every block and the output against tensors that the reference computed. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openWeights, type WeightSource } from "@difftap/checkpoint";
import { toFloat32 } from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  blockTable,
  checkWeights,
  inferArchitecture,
  kernelShape,
  parameterShapes,
  parseArchitecture,
  unet,
} from "../src/index.js";
import { referenceOps, type Tensor, tensor } from "./reference-ops.js";

const root =
  process.env.DIFFTAP_FIXTURES ?? fileURLToPath(new URL("../../../../shared/fixtures", import.meta.url));
const present = existsSync(`${root}/adm`);
const TOLERANCE = 1e-4;

/** Largest difference over the expected tensor's standard deviation. */
function relativeError(actual: Tensor, expected: Tensor): number {
  expect(actual.shape).toEqual(expected.shape);
  const mean = expected.data.reduce((a, b) => a + b, 0) / expected.data.length;
  const variance = expected.data.reduce((a, b) => a + (b - mean) ** 2, 0) / expected.data.length;
  const largest = expected.data.reduce((a, b, i) => Math.max(a, Math.abs(b - actual.data[i]!)), 0);
  return largest / Math.sqrt(variance);
}

async function readTensor(source: WeightSource, name: string): Promise<Tensor> {
  const array = await source.read(name);
  const data = array.dtype === "int64" || array.dtype === "int32" ? array.data : toFloat32(array);
  return tensor(kernelShape(array.shape), data);
}

async function readAll(source: WeightSource): Promise<Map<string, Tensor>> {
  const entries = new Map<string, Tensor>();
  for (const name of source.tensors.keys()) entries.set(name, await readTensor(source, name));
  return entries;
}

async function openCase(name: string): Promise<{
  architecture: ReturnType<typeof parseArchitecture>;
  weights: WeightSource;
  expected: Map<string, Tensor>;
}> {
  const folder = `${root}/adm/${name}`;
  const source = await openWeights(`${folder}/expected.safetensors`);
  const expected = await readAll(source);
  await source.close();
  return {
    architecture: parseArchitecture(JSON.parse(readFileSync(`${folder}/architecture.json`, "utf8"))),
    weights: await openWeights(`${folder}/model.pt`),
    expected,
  };
}

async function errorsOf(name: string): Promise<[string, number][]> {
  const { architecture, weights, expected } = await openCase(name);
  const values = await readAll(weights);
  await weights.close();
  const ops = referenceOps((parameter) => values.get(parameter)!);
  const errors: [string, number][] = [];
  const compare = (key: string, value: Tensor): void => {
    errors.push([key, relativeError(value, expected.get(key)!)]);
  };
  const inputs = { x: expected.get("x")!, timesteps: expected.get("timesteps")!, labels: expected.get("y") };
  const output = unet(ops, architecture, ops, inputs, (block, value) => {
    compare(`block.${String(block.number).padStart(2, "0")}`, value);
  });
  compare("out", output!);
  expect(errors).toHaveLength(blockTable(architecture).length + 1);
  expect([...expected.keys()].filter((key) => /^(block|out)/.test(key))).toHaveLength(errors.length);
  return errors;
}

const cases = ["small", "published-like", "class-conditional", "half-multiplier"];

describe.skipIf(!present)(`fixtures adm (skipped when ${root}/adm is missing)`, () => {
  it.each(cases)(
    "%s: every block and the output within 1e-4 standard deviations",
    async (name) => {
      const errors = await errorsOf(name);
      const worst = errors.reduce((a, b) => (b[1] > a[1] ? b : a));
      if (process.env.DIFFTAP_SHOW_ERRORS)
        process.stderr.write(`${name}: worst ${worst[0]} ${worst[1].toExponential(2)}\n`);
      expect(errors.filter(([, error]) => !(error <= TOLERANCE))).toEqual([]);
    },
    60_000,
  );

  it.each(cases)("%s: the state dict has exactly the parameters", async (name) => {
    const { architecture, weights } = await openCase(name);
    await weights.close();
    expect(() => checkWeights(architecture, weights)).not.toThrow();
    expect([...parameterShapes(architecture).keys()].sort()).toEqual([...weights.tensors.keys()].sort());
  });

  it.each(cases)(
    "%s: the architecture is inferred from shapes and the flags they do not tell",
    async (name) => {
      const { architecture, weights } = await openCase(name);
      await weights.close();
      const { imageSize, heads, headChannels, headsUpsample, newAttentionOrder, diffusion } = architecture;
      const given = { imageSize, heads, headChannels, headsUpsample, newAttentionOrder, diffusion };
      expect(inferArchitecture(weights, given)).toEqual(architecture);
    },
  );
});
