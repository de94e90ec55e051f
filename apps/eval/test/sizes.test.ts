/** Features of images of several sizes, as a user asks for them. */
import { join } from "node:path";
import { openFeatureStore } from "@difftap/feature-store";
import { beforeAll, describe, expect, test } from "vitest";
import { cellsIn } from "../src/compose/analysis/split.js";
import { choiceOf } from "../src/compose/head-choice.js";
import { sizesOf, sizesOfHead } from "../src/compose/sizes.js";
import { sizeList } from "../src/compose/values.js";
import { run, smallArchitecture, smallModel } from "./world.js";

let folder: string;
let weights: string;
beforeAll(async () => {
  ({ folder, weights } = await smallModel());
});

/** Scenes are drawn at 48 pixels and cropped from there. */
const features = (out: string, ...argv: string[]) =>
  run(
    ...["features", "--weights", weights, "--dataset", "scenes:count=10,size=48,seed=1"],
    ...["--blocks", "2,5", "--timesteps", "10,clean", "--pool", "2", "--batch", "4"],
    ...["--out", join(folder, out), ...argv],
  );

describe("difftap-eval features --sizes", () => {
  test("writes, for the first size, what that size alone gives, and for others too, but for the noise", async () => {
    const sizes = ["16", "24", "16x32"];
    for (const [out, argv] of [
      ["all", ["--sizes", sizes.join()]],
      ...sizes.map((size) => [size, ["--sizes", size]] as const),
      ["plain", []],
    ] as const) {
      const { code, err } = features(out, ...argv);
      expect(code, err).toBe(0);
    }
    const store = (name: string) => openFeatureStore(join(folder, name));
    const all = await store("all");
    const names = ["t10/b02", "t10/b05", "clean/b02", "clean/b05"];
    expect(all.arrays.map(({ name }) => name).sort()).toEqual(
      ["", "@24", "@16x32"].flatMap((size) => names.map((name) => name + size)).sort(),
    );
    // The training's own size, asked for in other words.
    expect((await store("16")).requestHash).toBe((await store("plain")).requestHash);
    for (const size of sizes) {
      const alone = await store(size);
      for (const name of names) {
        const [together, single] = [
          await all.readAll(size === "16" ? name : `${name}@${size}`),
          await alone.readAll(name),
        ];
        if (size === "16" || name.startsWith("clean")) expect(together, `${name} at ${size}`).toEqual(single);
        else expect(together.data, `${name} at ${size}`).not.toEqual(single.data);
      }
    }
    expect(cellsIn(all).map(({ block, timestep }) => [timestep, block])).toEqual([
      [10, 2],
      [10, 5],
      ["clean", 2],
      ["clean", 5],
    ]);
  }, 240_000);

  test.each([
    [["--sizes", "16,23"], "nearest legal: height 22 or 24; width 22 or 24 (multiples of 2)"],
    [["--sizes", "16,16x24,16x16"], "a size is there twice"],
    [["--sizes", "16,big"], 'takes sides or "HEIGHTxWIDTH"'],
    [["--size", "16", "--sizes", "16,24"], "--size and --sizes both say how large images are"],
  ])("refuses %j", (argv, message) => {
    const { code, err } = features("refused", ...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe("sizes of settings and of saved heads", () => {
  const tap = { name: "t10/b02", block: 2, timestep: 10, channels: 32, height: 3, width: 3 } as const;
  const other = { ...tap, name: "t10/b02@16x32", height: 4, width: 8, size: { height: 16, width: 32 } };

  test("come as text or as YAML", () => {
    const wanted = [32, { height: 48, width: 64 }];
    for (const given of ["32, 48x64", [32, "48x64"], wanted]) expect(sizeList().parse(given)).toEqual(wanted);
    expect(sizeList().parse(32)).toEqual([32]);
  });

  test("are the training's unless something is said", () => {
    expect(sizesOf({}, smallArchitecture)).toEqual({ size: 16, otherSizes: [] });
    expect(sizesOf({ size: 24 }, smallArchitecture)).toEqual({ size: 24, otherSizes: [] });
    expect(sizesOf({ sizes: [24, 16] }, smallArchitecture)).toEqual({ size: 24, otherSizes: [16] });
  });

  test("are a head's own, which one --size does not replace where there are several", () => {
    const both = { taps: [tap, other], size: { height: 24, width: 24 } };
    const otherSizes = [{ height: 16, width: 32 }];
    expect(sizesOfHead(both, undefined, smallArchitecture)).toEqual({ size: 24, otherSizes });
    expect(sizesOfHead({ taps: [tap] }, undefined, smallArchitecture)).toEqual({ size: 16, otherSizes: [] });
    expect(sizesOfHead({ taps: [tap] }, 32, smallArchitecture).size).toBe(32);
    expect(() => sizesOfHead(both, 32, smallArchitecture)).toThrow(/head reads images of several sizes/);
    expect(choiceOf(both.taps, 0)).toMatchObject({ blocks: [2], pool: 8, otherSizes });
  });
});
