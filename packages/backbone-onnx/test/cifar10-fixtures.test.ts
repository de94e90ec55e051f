import type { NdArray } from "@difftap/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OnnxBackbone, openOnnxBackbone } from "../dist/index.js";
import {
  fixture,
  fixturesMissing,
  largestDifference,
  largestMagnitude,
  readArchitecture,
  readTensors,
} from "./fixtures.js";

const TOLERANCE = 1e-4;
const BLOCKS = Array.from({ length: 13 }, (_, index) => index + 1);

describe.skipIf(fixturesMissing)("features of real images (skipped without ../shared/fixtures)", () => {
  const folder = fixture("cifar10");
  let backbone: OnnxBackbone;
  let expected: Map<string, NdArray>;
  const tensor = (name: string) => expected.get(name) as NdArray<"float32">;
  const relative = (got: NdArray<"float32">, name: string) =>
    largestDifference(got.data, tensor(name).data) / largestMagnitude(tensor(name).data);

  beforeAll(async () => {
    const architecture = readArchitecture(folder);
    expected = await readTensors(`${folder}/expected.safetensors`);
    backbone = await openOnnxBackbone({
      architecture,
      weights: `${folder}/adm-cifar10.pt`,
      fullOutput: true,
    });
  });
  afterAll(() => backbone?.close());

  test.each([0, 50, 200])("t = %d: every block, pooled to 2×2", async (t) => {
    const session = await backbone.prepare(BLOCKS.map((block) => ({ block, pool: 2 })));
    const images = expected.get("images_uint8") as NdArray<"uint8">;
    const timesteps = new Array<number>(images.shape[0]!).fill(t);
    const features = await session.run({ images, noise: tensor(`t${t}.noise`), timesteps });
    const errors = features.map((got, index) =>
      relative(got, `t${t}.block.${String(index + 1).padStart(2, "0")}.pool2`),
    );
    await session.close();
    expect(Math.max(...errors)).toBeLessThan(TOLERANCE);
  });

  test.each([0, 50, 200])("t = %d: the network's output", async (t) => {
    const session = await backbone.prepare([{ block: 14, pool: "map" }], { images: "float32" });
    const x = tensor(`t${t}.x_t_first4`);
    const [out] = await session.runNetwork({ x, timesteps: [t, t, t, t] });
    await session.close();
    expect(relative(out!, `t${t}.model_output_first4`)).toBeLessThan(TOLERANCE);
  });
});
