/** Noisy classifiers as data: flags, presets, parameters; the forward's numbers are tested where a runtime has the pools. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openWeights } from "@difftap/checkpoint";
import { describe, expect, it } from "vitest";
import {
  checkClassifierWeights,
  classifierParameterShapes,
  classifierPools,
  classifierPresets,
  missingWeightsFile,
  parseClassifier,
  type TensorTable,
} from "../src/index.js";

const root =
  process.env.DIFFTAP_FIXTURES ?? fileURLToPath(new URL("../../../../shared/fixtures", import.meta.url));
const present = existsSync(`${root}/classifier`);
const SMALL = {
  image_size: 16,
  classifier_width: 32,
  classifier_depth: 1,
  channel_mult: "1,2",
  num_head_channels: 16,
};

function tableOf(shapes: ReadonlyMap<string, readonly number[]>): TensorTable {
  const infos = [...shapes].map(([name, shape]) => [name, { name, dtype: "float32", shape }] as const);
  return { path: "classifier.pt", tensors: new Map(infos) };
}

describe("classifier architectures", () => {
  it("has the reference's defaults", () => {
    expect(parseClassifier({})).toEqual({
      imageSize: 64,
      modelChannels: 128,
      residualBlocks: 2,
      channelMultipliers: [1, 2, 3, 4],
      attentionResolutions: [32, 16, 8],
      headChannels: 64,
      scaleShiftNorm: true,
      resblockUpdown: true,
      classes: 1000,
      pool: "attention",
    });
  });

  it("is read again from its own JSON", () => {
    const architecture = parseClassifier(SMALL);
    expect(parseClassifier(JSON.parse(JSON.stringify(architecture)))).toEqual(architecture);
  });

  it.each([
    [{ classifier_pol: "adaptive" }, /unknown key classifier_pol \(did you mean classifier_pool\?\)/],
    [{ classifier_pool: "mean" }, /classifier_pool/],
    [{ image_size: 48 }, /channel_mult is empty and image_size is 48/],
    [{ ...SMALL, num_head_channels: 48 }, /which headChannels 48 does not divide/],
    [{ ...SMALL, classifier_width: 40 }, /level 0 has 40 channels, not a multiple of 32/],
    [{ ...SMALL, image_size: 17 }, /17 px cannot halve it to 1\/2/],
  ])("refuses %j", (flags, message) => {
    expect(() => parseClassifier(flags)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("knows the published ones", () => {
    const sizes = Object.values(classifierPresets).map(({ architecture }) => architecture.imageSize);
    expect(sizes).toEqual([64, 128, 256, 512]);
    for (const { file, parameters } of Object.values(classifierPresets)) {
      expect(parameters).toBeGreaterThan(4e7);
      expect(missingWeightsFile(`models/${file}`).hint).toMatch(/\(about 0\.\d GB\)/);
    }
    expect(classifierPresets["64x64_classifier"]!.architecture.residualBlocks).toBe(4);
  });
});

describe("classifier weights", () => {
  it.each(classifierPools)("%s: those it lists fit, and nothing else does", (pool) => {
    const architecture = parseClassifier({ ...SMALL, classifier_pool: pool });
    const shapes = classifierParameterShapes(architecture);
    expect(() => checkClassifierWeights(architecture, tableOf(shapes))).not.toThrow();
    const other = new Map([...shapes].filter(([name]) => name !== "time_embed.0.bias"));
    expect(() => checkClassifierWeights(architecture, tableOf(other.set("out.9.weight", [3])))).toThrow(
      expect.objectContaining({
        code: "WEIGHTS_MISMATCH",
        message: expect.stringMatching(
          /missing: time_embed\.0\.bias \[128\]\n {2}surplus: out\.9\.weight \[3\]/,
        ),
        hint: expect.stringMatching(/pool, width, depth and classes/),
      }),
    );
  });

  it.skipIf(!present).each(classifierPools)(
    `%s: the fixture's file has exactly the parameters (skipped when ${root}/classifier is missing)`,
    async (pool) => {
      const { pools, ...flags } = JSON.parse(readFileSync(`${root}/classifier/architecture.json`, "utf8"));
      expect(pools).toContain(pool);
      const source = await openWeights(`${root}/classifier/${pool}.pt`);
      await source.close();
      expect(() =>
        checkClassifierWeights(parseClassifier({ ...flags, classifier_pool: pool }), source),
      ).not.toThrow();
    },
  );
});
