import { describe, expect, it } from "vitest";
import {
  blockTable,
  checkImageSize,
  macsUpTo,
  parameterCount,
  parameterShapes,
  presets,
  sideMultiple,
  sizeName,
} from "../src/index.js";
import { tiny } from "./architectures.js";

const imagenet256 = presets["256x256_diffusion_uncond"]!.architecture;

describe("macsUpTo", () => {
  const macs = macsUpTo(imagenet256, { height: 256, width: 256 });

  it.each([
    [19, 290.1],
    [24, 319.6],
    [30, 460.7],
    [33, 636.8],
    [36, 994.4],
  ])("stopping after block %i of the 256-px model costs %d GMAC", (block, expected) => {
    expect(Number((macs[block - 1]! / 1e9).toFixed(1))).toBe(expected);
  });

  it("has one entry per block and one for the whole: 1119.8 GMAC", () => {
    expect(macs).toHaveLength(38);
    expect(Number((macs.at(-1)! / 1e9).toFixed(1))).toBe(1119.8);
  });

  it("counts a small network by hand", () => {
    const [first, second] = macsUpTo(tiny(), { height: 8, width: 8 });
    const embedding = 32 * 128 + 128 * 128;
    expect(first).toBe(9 * 3 * 32 * 64);
    expect(second! - first!).toBe(2 * 9 * 32 * 32 * 64 + 128 * 64 + embedding);
  });

  it("counts attention's products quadratically in the places", () => {
    const small = macsUpTo(tiny(), { height: 8, width: 8 });
    const large = macsUpTo(tiny(), { height: 16, width: 16 });
    const middle = (macs: number[]): number => macs[4]! - macs[3]!;
    const fixed = 2 * 128 * 2 * 64;
    const products = (places: number): number => 2 * 64 * places ** 2;
    expect(middle(large) - fixed - products(64)).toBe(4 * (middle(small) - fixed - products(16)));
  });

  it("rises with every block", () => {
    for (const [index, value] of macs.entries()) expect(value).toBeGreaterThan(macs[index - 1] ?? 0);
  });
});

describe("checkImageSize", () => {
  it("takes any sides that the levels divide", () => {
    expect(sideMultiple(imagenet256)).toBe(32);
    expect(() => checkImageSize(imagenet256, { height: 320, width: 96 })).not.toThrow();
  });

  it("names the nearest legal sizes", () => {
    expect(() => checkImageSize(imagenet256, { height: 250, width: 256 })).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: "image height 250 cannot be halved 5 times, as this network's levels do",
        hint: "nearest legal: height 224 or 256 (multiples of 32)",
      }),
    );
  });

  it.each([[0], [-32], [20], [Number.NaN], [32.5], [Number.POSITIVE_INFINITY]])("refuses side %d", (side) => {
    expect(() => checkImageSize(imagenet256, { height: side, width: side })).toThrow(/height .* and width/);
  });
});

it("a size is named by one side, or by height and width", () => {
  expect(sizeName({ height: 64, width: 64 })).toBe("64");
  expect(sizeName({ height: 96, width: 128 })).toBe("96x128");
});

describe("parameters of the published files", () => {
  it.each([
    ["256x256_diffusion_uncond", 552_814_086],
    ["lsun_bedroom", 552_814_086],
    ["64x64_diffusion", 295_904_454],
    ["128x128_diffusion", 421_529_606],
    ["256x256_diffusion", 553_838_086],
    ["512x512_diffusion", 558_997_638],
  ])("%s has %i", (name, expected) => {
    expect(parameterCount(presets[name]!.architecture)).toBe(expected);
    expect(presets[name]!.parameters).toBe(expected);
  });

  it("class conditioning adds the table and nothing else", () => {
    const names = (name: string): string[] => [...parameterShapes(presets[name]!.architecture).keys()];
    const added = names("256x256_diffusion").filter(
      (name) => !names("256x256_diffusion_uncond").includes(name),
    );
    expect(added).toEqual(["label_emb.weight"]);
  });

  it("the 256-px model has 37 blocks: 1–18 in, 19 middle, 20–37 out; its mirrors add up to 38", () => {
    const blocks = blockTable(imagenet256);
    expect(blocks).toHaveLength(37);
    expect(blocks[18]!.kind).toBe("middle");
    for (const { number, mirror } of blocks) expect(mirror).toBe(number === 19 ? null : 38 - number);
  });
});
