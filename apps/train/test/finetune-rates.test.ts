/** Which parameters of a backbone are fine-tuned, and how fast. */
import { architectureFromFlags, blockParameters, parameterShapes } from "@difftap/backbone";
import { expect, test } from "vitest";
import { rateShares } from "../src/finetune-rates.js";

const flags = { image_size: 16, num_channels: 32, num_res_blocks: 1, channel_mult: "1,2" };
const architecture = architectureFromFlags({ flags, diffusion: {} });
const blocks = blockParameters(architecture);
const common = { deepest: 7, blocks: "all", diffusion: false, share: 0.3, decay: 0.5 } as const;
const anyOf = (block: number) => blocks.get(block)![0]!;

test("all blocks up to the tap with the embeddings, falling by the decay from block to block", () => {
  const shares = rateShares(architecture, common);
  for (let block = 1; block <= 7; block++) {
    for (const name of blocks.get(block)!) expect(shares.get(name)).toBeCloseTo(0.3 * 0.5 ** (7 - block), 12);
  }
  expect(shares.get("time_embed.0.weight")).toBeCloseTo(0.3 * 0.5 ** 7, 12);
  const behind = [anyOf(8), "out.2.weight"].map((name) => shares.has(name));
  expect(behind).toEqual([false, false]);
});

test("the last blocks only, without embeddings; none where frozen", () => {
  const shares = rateShares(architecture, { ...common, blocks: 2 });
  expect([...shares.keys()]).toEqual([...blocks.get(6)!, ...blocks.get(7)!]);
  expect(rateShares(architecture, { ...common, blocks: 0 }).size).toBe(0);
});

test("with the diffusion loss also what lies behind the tap, slower with the distance", () => {
  const all = rateShares(architecture, { ...common, diffusion: true });
  expect([...all.keys()]).toEqual([...parameterShapes(architecture).keys()]);
  expect(all.get(anyOf(9))).toBeCloseTo(0.3 * 0.5 ** 2, 12);
  expect(all.get("out.2.bias")).toBeCloseTo(0.3 * 0.5 ** (blocks.size + 1 - 7), 12);
  const last = rateShares(architecture, { ...common, blocks: 1, diffusion: true });
  expect([anyOf(6), anyOf(7), anyOf(8)].map((name) => last.has(name))).toEqual([false, true, true]);
});

test("more blocks than there are up to the tap are refused", () => {
  expect(() => rateShares(architecture, { ...common, blocks: 8 })).toThrow("8 blocks to train, there are 7");
});
