import { describe, expect, it } from "vitest";
import { architectureFromFlags, blockTable, findBlock, parseArchitecture } from "../src/index.js";
import { tiny } from "./architectures.js";

describe("architectureFromFlags", () => {
  it("fills in the reference's defaults", () => {
    expect(architectureFromFlags({ flags: {} })).toEqual({
      imageSize: 64,
      modelChannels: 128,
      residualBlocks: 2,
      channelMultipliers: [1, 2, 3, 4],
      attentionResolutions: [16, 8],
      heads: 4,
      headChannels: -1,
      headsUpsample: -1,
      scaleShiftNorm: true,
      resblockUpdown: false,
      newAttentionOrder: false,
      classes: null,
      learnSigma: false,
      dropout: 0,
      diffusion: { steps: 1000, schedule: "linear", rescaleTimesteps: false },
    });
  });

  it.each([
    [512, [0.5, 1, 1, 2, 2, 4, 4]],
    [256, [1, 1, 2, 2, 4, 4]],
    [128, [1, 1, 2, 3, 4]],
    [64, [1, 2, 3, 4]],
  ])("an empty channel_mult at %i px means %j", (image_size, expected) => {
    expect(architectureFromFlags({ flags: { image_size, channel_mult: "" } }).channelMultipliers).toEqual(
      expected,
    );
  });

  it("refuses an empty channel_mult at any other size", () => {
    expect(() => architectureFromFlags({ flags: { image_size: 32 } })).toThrow(
      /channel_mult is empty and image_size is 32/,
    );
  });

  it("reads fractions, class_cond and the diffusion process", () => {
    const read = architectureFromFlags({
      flags: { image_size: 32, channel_mult: "0.5, 1", num_channels: 64, class_cond: true },
      diffusion: { diffusion_steps: 200, noise_schedule: "cosine", rescale_timesteps: true },
    });
    expect(read.channelMultipliers).toEqual([0.5, 1]);
    expect(read.classes).toBe(1000);
    expect(read.diffusion).toEqual({ steps: 200, schedule: "cosine", rescaleTimesteps: true });
  });

  it("names an unknown flag and the one that was meant", () => {
    expect(() => architectureFromFlags({ flags: { num_chanels: 64 } })).toThrow(
      /unknown key flags\.num_chanels \(did you mean num_channels\?\)/,
    );
  });
});

describe("parseArchitecture", () => {
  it("reads its own form back", () => {
    const architecture = tiny({ num_heads_upsample: 4 });
    expect(parseArchitecture(JSON.parse(JSON.stringify(architecture)))).toEqual(architecture);
  });

  it("reads the reference's form", () => {
    expect(parseArchitecture({ flags: { image_size: 64 } }).imageSize).toBe(64);
  });

  it("says everything that is wrong at once", () => {
    const wrong = { ...tiny(), imagesize: 8, dropout: 2, heads: 0 };
    const error = (() => {
      try {
        parseArchitecture(wrong);
      } catch (caught) {
        return caught as Error & { code: string; details: { problems: string[] } };
      }
      return undefined;
    })();
    expect(error?.code).toBe("CONFIG_INVALID");
    expect(error?.details.problems).toHaveLength(3);
    expect(error?.message).toMatch(/imagesize \(did you mean imageSize\?\)/);
    expect(error?.message).toMatch(/dropout/);
  });

  it("names an unknown key inside diffusion", () => {
    const wrong = { ...tiny(), diffusion: { ...tiny().diffusion, shedule: "linear" } };
    expect(() => parseArchitecture(wrong)).toThrow(/diffusion\.shedule \(did you mean schedule\?\)/);
  });

  it("names an unknown key of the reference's diffusion flags", () => {
    expect(() =>
      parseArchitecture({ flags: { image_size: 64 }, diffusion: { noise_shedule: "linear" } }),
    ).toThrow(/unknown key diffusion\.noise_shedule \(did you mean noise_schedule\?\)/);
  });

  it("refuses a table of blocks without end", () => {
    expect(() => tiny({ num_res_blocks: 1e9 })).toThrow(/residualBlocks/);
    expect(() => tiny({ channel_mult: `${"1,".repeat(20)}1` })).toThrow(/channelMultipliers/);
  });

  it.each([[null], [3], ["adm"], [[]]])("refuses %j", (value) => {
    expect(() => parseArchitecture(value)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("refuses widths that 32 groups do not divide", () => {
    expect(() => tiny({ num_channels: 48 })).toThrow(/level 0 has 48 channels, not a multiple of 32/);
  });

  it("refuses heads that do not divide the channels, where there is attention", () => {
    expect(() => tiny({ num_head_channels: 48 })).toThrow(
      /level 1 has 64 channels, which headChannels 48 does not divide/,
    );
    expect(() => tiny({ num_heads_upsample: 3 })).toThrow(
      /level 1 has 64 channels, which 3 heads do not divide/,
    );
  });
});

describe("blockTable", () => {
  it.each([
    [1, "1", "8"],
    [2, "1,2", "4"],
    [3, "1,1,2", "4,2"],
    [1, "1,2,2,2", "1"],
  ])(
    "%i residual blocks on levels %s give 2·(L·R + L) + 1 blocks",
    (num_res_blocks, channel_mult, attention_resolutions) => {
      const levels = channel_mult.split(",").length;
      const blocks = blockTable(tiny({ num_res_blocks, channel_mult, attention_resolutions }));
      const total = 2 * (levels * num_res_blocks + levels) + 1;
      expect(blocks).toHaveLength(total);
      expect(blocks.map((block) => block.number)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    },
  );

  it("describes every block of a small network", () => {
    const rows = blockTable(tiny()).map((b) => [
      b.number,
      b.kind,
      b.channels,
      b.downsample,
      b.mirror,
      b.attention,
    ]);
    expect(rows).toEqual([
      [1, "input", 32, 1, 9, false],
      [2, "input", 32, 1, 8, false],
      [3, "input", 32, 2, 7, false],
      [4, "input", 64, 2, 6, true],
      [5, "middle", 64, 2, null, true],
      [6, "output", 64, 2, 4, true],
      [7, "output", 64, 1, 3, true],
      [8, "output", 32, 1, 2, false],
      [9, "output", 32, 1, 1, false],
    ]);
  });

  it.each([0, 99, 1.5, -1])("block %d: the error lists the legal ones", (number) => {
    expect(() => findBlock(blockTable(tiny()), number)).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: `block ${number} does not exist; this network has blocks 1 to 9`,
        hint: "legal blocks: 1–4 (input), 5 (middle), 6–9 (output)",
        details: { block: number, legal: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
      }),
    );
  });

  it("finds a legal block", () => {
    expect(findBlock(blockTable(tiny()), 5).kind).toBe("middle");
  });
});
