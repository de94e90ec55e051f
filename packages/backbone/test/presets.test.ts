import { describe, expect, it } from "vitest";
import { missingWeightsFile, parseArchitecture, presetFor, presets, publishedFiles } from "../src/index.js";

describe("presets", () => {
  it("has every published diffusion model", () => {
    expect(Object.keys(presets)).toEqual([
      "256x256_diffusion_uncond",
      "lsun_bedroom",
      "lsun_cat",
      "lsun_horse",
      "lsun_horse_nodropout",
      "64x64_diffusion",
      "128x128_diffusion",
      "256x256_diffusion",
      "512x512_diffusion",
    ]);
  });

  it.each(Object.values(presets).map((preset) => [preset.name, preset] as const))(
    "%s is what method and file name say",
    (name, preset) => {
      const { architecture } = preset;
      expect(preset.url).toBe(`https://openaipublic.blob.core.windows.net/diffusion/jul-2021/${name}.pt`);
      expect(parseArchitecture(architecture)).toEqual(architecture);
      expect(architecture.attentionResolutions).toEqual([32, 16, 8]);
      expect([architecture.learnSigma, architecture.scaleShiftNorm, architecture.resblockUpdown]).toEqual([
        true,
        true,
        true,
      ]);
      expect(architecture.classes).toBe(/^\d+x\d+_diffusion$/.test(name) ? 1000 : null);
      expect(architecture.imageSize).toBe(Number(/^(\d+)x/.exec(name)?.[1] ?? 256));
    },
  );

  it("the exceptions: 64 px and 128 px", () => {
    expect(presets["64x64_diffusion"]!.architecture).toMatchObject({
      modelChannels: 192,
      residualBlocks: 3,
      headChannels: 64,
      newAttentionOrder: true,
      dropout: 0.1,
      diffusion: { schedule: "cosine" },
    });
    expect(presets["128x128_diffusion"]!.architecture).toMatchObject({
      heads: 4,
      headChannels: -1,
      residualBlocks: 2,
    });
  });

  it.each([
    "256x256_diffusion_uncond",
    "models/256x256_diffusion_uncond.pt",
    "C:\\models\\256x256_diffusion_uncond.safetensors",
  ])("is found as %s", (path) => {
    expect(presetFor(path)).toBe(presets["256x256_diffusion_uncond"]);
  });

  it.each(["model.pt", "", "constructor", "64x64_classifier.pt"])("%j is none", (path) => {
    expect(presetFor(path)).toBeUndefined();
  });

  it("lists the other published files too", () => {
    expect(publishedFiles).toHaveLength(15);
    expect(publishedFiles.filter((entry) => entry.kind === "classifier")).toHaveLength(4);
  });
});

describe("missingWeightsFile", () => {
  it("says what to download, from where, how large, and where to put it", () => {
    const error = missingWeightsFile("models/256x256_diffusion_uncond.pt");
    expect(error.code).toBe("FILE_MISSING");
    expect(error.message).toBe("there are no weights at models/256x256_diffusion_uncond.pt");
    expect(error.hint).toBe(
      "download https://openaipublic.blob.core.windows.net/diffusion/jul-2021/256x256_diffusion_uncond.pt (about 2.2 GB)" +
        " and put it at models/256x256_diffusion_uncond.pt, for example:" +
        ' curl -L -o "models/256x256_diffusion_uncond.pt"' +
        " https://openaipublic.blob.core.windows.net/diffusion/jul-2021/256x256_diffusion_uncond.pt",
    );
  });

  it("names the nearest published file for a misspelt one, and lists them all", () => {
    const { hint } = missingWeightsFile("models/256x256_difusion_uncond.pt");
    expect(hint).toMatch(/^check the path; the nearest published file is 256x256_diffusion_uncond\.pt, of /);
    for (const { file } of Object.values(presets)) expect(hint).toContain(file);
  });

  it("keeps its cause", () => {
    const cause = new Error("ENOENT");
    expect(missingWeightsFile("a.pt", cause).cause).toBe(cause);
  });
});
