import { isDifftapError } from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  type Architecture,
  checkWeights,
  inferArchitecture,
  presets,
  readShapes,
  type WeightProblems,
} from "../src/index.js";
import { tableOf, tiny } from "./architectures.js";

function failure(run: () => unknown): {
  code: string;
  message: string;
  hint?: string | undefined;
  details: Record<string, unknown>;
} {
  try {
    run();
  } catch (error) {
    if (isDifftapError(error))
      return { code: error.code, message: error.message, hint: error.hint, details: { ...error.details } };
    throw error;
  }
  throw new Error("it did not throw");
}

/** The flags that shapes cannot tell. */
function untold({
  imageSize,
  heads,
  headChannels,
  headsUpsample,
  newAttentionOrder,
  dropout,
  diffusion,
}: Architecture): Partial<Architecture> {
  return { imageSize, heads, headChannels, headsUpsample, newAttentionOrder, dropout, diffusion };
}

describe("inferArchitecture", () => {
  it.each([
    {},
    { num_res_blocks: 3, channel_mult: "1,1,2" },
    { channel_mult: "0.5,1,2", num_channels: 64, resblock_updown: true, num_head_channels: 32 },
    { use_scale_shift_norm: false, class_cond: true, learn_sigma: false, num_heads_upsample: 4 },
    { attention_resolutions: "8,4", channel_mult: "1,2,3", resblock_updown: true, num_res_blocks: 2 },
    { attention_resolutions: "8", channel_mult: "1", dropout: 0.1, num_res_blocks: 4 },
    { attention_resolutions: "8,2", channel_mult: "1,1,2" },
  ])("gives back the architecture of %j", (flags) => {
    const architecture = tiny(flags);
    expect(inferArchitecture(tableOf(architecture), untold(architecture))).toEqual(architecture);
  });

  it("no level with attention: none is inferred", () => {
    const architecture = tiny({ attention_resolutions: "1" });
    expect(inferArchitecture(tableOf(architecture), untold(architecture)).attentionResolutions).toEqual([]);
  });

  it.each(Object.values(presets).map((preset) => [preset.file, preset] as const))(
    "%s needs nothing but its name",
    (file, preset) => {
      expect(inferArchitecture(tableOf(preset.architecture, {}, `/models/${file}`))).toEqual(
        preset.architecture,
      );
    },
  );

  it("lists precisely the flags that must be given", () => {
    const { code, message, details } = failure(() =>
      inferArchitecture(tableOf(tiny()), { newAttentionOrder: false }),
    );
    expect(code).toBe("ARCHITECTURE_UNKNOWN");
    expect(message).toBe(
      "shapes alone do not tell these of model.pt: imageSize, headChannels (or heads), diffusion (steps, schedule, rescaleTimesteps)",
    );
    expect(details.told).toEqual(readShapes(tableOf(tiny())));
  });

  it("names the published files that the shapes fit when the name says nothing", () => {
    const { hint } = failure(() =>
      inferArchitecture(tableOf(presets["64x64_diffusion"]!.architecture, {}, "ema.pt")),
    );
    expect(hint).toBe("give them, or an architecture file; the shapes fit the published 64x64_diffusion.pt");
  });

  it("does not believe a published name over the shapes", () => {
    const table = tableOf(tiny(), {}, "256x256_diffusion_uncond.pt");
    expect(failure(() => inferArchitecture(table)).code).toBe("ARCHITECTURE_UNKNOWN");
  });

  it("refuses what was given against the shapes, all of it at once", () => {
    const given = { ...tiny(), modelChannels: 64, residualBlocks: 2, attentionResolutions: [8] };
    const { message, details } = failure(() => inferArchitecture(tableOf(tiny()), given));
    expect(message).toMatch(/modelChannels: given 64, the shapes say 32/);
    expect(message).toMatch(/residualBlocks: given 2, the shapes say 1/);
    expect(message).toMatch(/attention where the map is the image over 1, the shapes say over 2/);
    expect((details.contradictions as unknown[]).length).toBe(3);
  });

  it("a damaged file of a known architecture is a mismatch", () => {
    const table = tableOf(tiny(), { "output_blocks.3.0.out_layers.3.bias": null });
    expect(failure(() => inferArchitecture(table, untold(tiny()))).code).toBe("WEIGHTS_MISMATCH");
  });

  it("says that a file is no U-Net of the family", () => {
    const table = {
      path: "bert.pt",
      tensors: new Map([
        ["encoder.weight", { name: "encoder.weight", dtype: "float32" as const, shape: [3] }],
      ]),
    };
    const { code, message, hint } = failure(() => inferArchitecture(table));
    expect(code).toBe("ARCHITECTURE_UNKNOWN");
    expect(message).toBe("bert.pt is no U-Net of the ADM family: it has no time_embed.0.weight");
    expect(hint).toMatch(/it holds 1 tensors: encoder\.weight/);
  });

  it("says that a shape is wrong", () => {
    const table = tableOf(tiny(), { "time_embed.0.weight": [128] });
    expect(failure(() => inferArchitecture(table)).message).toMatch(
      /its shape is wrong for time_embed\.0\.weight/,
    );
  });

  it("keeps given multipliers that round to the widths found", () => {
    const architecture = tiny({ channel_mult: "1.01,2.02" });
    const given = { ...untold(architecture), channelMultipliers: [1.01, 2.02] };
    expect(inferArchitecture(tableOf(architecture), given).channelMultipliers).toEqual([1.01, 2.02]);
    expect(inferArchitecture(tableOf(architecture), untold(architecture)).channelMultipliers).toEqual([1, 2]);
  });

  it("says what a classifier and an upsampler are", () => {
    const outputs = [...tableOf(tiny()).tensors.keys()].filter((name) => name.startsWith("output_blocks"));
    const classifier = tableOf(tiny(), Object.fromEntries(outputs.map((name) => [name, null])));
    expect(failure(() => inferArchitecture(classifier)).message).toMatch(
      /encoder half only: it is a noisy classifier/,
    );
    const upsampler = tableOf(tiny(), { "input_blocks.0.0.weight": [32, 6, 3, 3] });
    expect(failure(() => inferArchitecture(upsampler)).message).toMatch(
      /takes 6 input channels instead of 3/,
    );
  });
});

describe("checkWeights", () => {
  it("accepts the tensors of the architecture", () => {
    expect(() => checkWeights(tiny(), tableOf(tiny()))).not.toThrow();
  });

  it("lists every missing, surplus and wrongly shaped tensor with both shapes", () => {
    const table = tableOf(tiny(), {
      "out.2.bias": null,
      "time_embed.0.bias": null,
      "extra.weight": [7],
      "middle_block.1.qkv.weight": [192, 64, 1, 1],
      "input_blocks.0.0.bias": [31],
    });
    const { code, message, details } = failure(() => checkWeights(tiny(), table));
    expect(code).toBe("WEIGHTS_MISMATCH");
    expect(message.split("\n")).toEqual([
      "model.pt does not fit the architecture: 2 missing, 1 surplus, 2 of another shape",
      "  missing: time_embed.0.bias [128]",
      "  missing: out.2.bias [6]",
      "  surplus: extra.weight [7]",
      "  shape: input_blocks.0.0.bias is [31], needs [32]",
      "  shape: middle_block.1.qkv.weight is [192, 64, 1, 1], needs [192, 64, 1]",
    ]);
    const problems = details as unknown as WeightProblems;
    expect(problems.missing.map(({ name }) => name)).toEqual(["time_embed.0.bias", "out.2.bias"]);
    expect(problems.surplus).toEqual([{ name: "extra.weight", found: [7] }]);
    expect(problems.misshapen[0]).toEqual({ name: "input_blocks.0.0.bias", expected: [32], found: [31] });
  });

  it("the hint says which flags are wrong", () => {
    const { hint } = failure(() =>
      checkWeights(tiny({ num_res_blocks: 2 }), tableOf(tiny({ resblock_updown: true }))),
    );
    expect(hint).toBe(
      "by its shapes the file has residualBlocks 1 (given: 2); resblockUpdown true (given: false)",
    );
  });

  it("says when the flags agree and the file is at fault", () => {
    const { hint } = failure(() => checkWeights(tiny(), tableOf(tiny(), { "out.2.bias": null })));
    expect(hint).toBe("the flags agree with the shapes: the file is damaged or was edited");
  });
});
