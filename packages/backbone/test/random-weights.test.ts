import { describe, expect, it } from "vitest";
import { checkWeights, parameterShapes, presets, randomWeights } from "../src/index.js";
import { tiny } from "./architectures.js";

async function values(
  name: string,
  options: Parameters<typeof randomWeights>[2] = {},
  seed = 1,
): Promise<Float32Array> {
  const array = await randomWeights(tiny({ class_cond: true }), seed, options).read(name);
  expect(array.dtype).toBe("float32");
  return array.data as Float32Array;
}

describe("randomWeights", () => {
  it("fits the architecture, without drawing anything, however large", () => {
    for (const { architecture } of Object.values(presets)) {
      expect(() => checkWeights(architecture, randomWeights(architecture, 1))).not.toThrow();
    }
  });

  it("every tensor has its shape", async () => {
    const source = randomWeights(tiny(), 1);
    for (const [name, shape] of parameterShapes(tiny()))
      expect((await source.read(name)).shape).toEqual(shape);
  });

  it.each([
    ["input_blocks.1.0.in_layers.2.weight", 32 * 9],
    ["input_blocks.1.0.in_layers.2.bias", 32 * 9],
    ["time_embed.2.weight", 128],
    ["middle_block.1.qkv.weight", 64],
  ])("%s is uniform within 1/√fan_in, fan_in = %i", async (name, fanIn) => {
    const drawn = await values(name);
    const bound = 1 / Math.sqrt(fanIn);
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
    expect(Math.max(...drawn)).toBeGreaterThan(0.8 * bound);
    expect(Math.min(...drawn)).toBeLessThan(-0.8 * bound);
    const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + value ** 2, 0) / drawn.length);
    expect(deviation / (bound / Math.sqrt(3))).toBeGreaterThan(drawn.length < 100 ? 0.75 : 0.97);
  });

  it("norms are 1 and 0, the class table standard normal", async () => {
    expect(new Set(await values("out.0.weight"))).toEqual(new Set([1]));
    expect(new Set(await values("out.0.bias"))).toEqual(new Set([0]));
    const table = await values("label_emb.weight");
    const variance = table.reduce((sum, value) => sum + value ** 2, 0) / table.length;
    expect(variance).toBeGreaterThan(0.98);
    expect(variance).toBeLessThan(1.02);
  });

  it.each([
    "out.2.weight",
    "out.2.bias",
    "middle_block.1.proj_out.weight",
    "input_blocks.1.0.out_layers.3.weight",
  ])("%s starts at zero, unless asked otherwise", async (name) => {
    expect((await values(name)).every((value) => value === 0)).toBe(true);
    expect((await values(name, { zeroModules: "random" })).some((value) => value !== 0)).toBe(true);
  });

  it("is the same at every read, another with another seed or name", async () => {
    const name = "input_blocks.1.0.in_layers.2.weight";
    expect(await values(name)).toEqual(await values(name));
    expect(await values(name, {}, 2)).not.toEqual(await values(name));
    expect(await values("output_blocks.3.0.out_layers.3.weight", { zeroModules: "random" })).not.toEqual(
      await values(name),
    );
  });

  it("refuses a parameter that does not exist", async () => {
    await expect(values("out.9.weight")).rejects.toThrow(/no parameter out\.9\.weight/);
  });
});
