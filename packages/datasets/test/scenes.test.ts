import { decodeMask, maskArea, maskBox, sha256Hex } from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  labelsOf,
  openDataset,
  openDetection,
  openScenes,
  openSegmentation,
  renderScene,
  sceneClasses,
  sceneFineClasses,
} from "../src/index.js";
import { refusal } from "./temporary.js";

describe("synthetic scenes", () => {
  it("are the same in any order, and differ by seed and index", () => {
    const backwards = [3, 2, 1, 0].map((index) => renderScene({ seed: 1, index, size: 32 })).reverse();
    const forwards = [0, 1, 2, 3].map((index) => renderScene({ seed: 1, index, size: 32 }));
    expect(backwards).toEqual(forwards);
    const hashes = [...forwards, renderScene({ seed: 2, index: 0, size: 32 })].map(({ pixels }) =>
      sha256Hex(pixels),
    );
    expect(new Set(hashes).size).toBe(5);
  });

  it("have not changed since the generator's version was last raised", () => {
    const pixels = Buffer.concat(
      [0, 1, 2, 3].map((index) => renderScene({ seed: 7, index, size: 32 }).pixels),
    );
    expect(sha256Hex(pixels)).toBe("283c173dbed8a65acd1d629e605b57fe2f2f988d1838014e906f79470340ab83");
  });

  it("hold each fine class once in every run of 50", async () => {
    expect([sceneClasses.length, sceneFineClasses.length]).toEqual([10, 50]);
    const labels = labelsOf(await openScenes({ count: 150, seed: 5, labels: "fine" }));
    for (const run of [0, 50, 100]) expect(new Set(labels.subarray(run, run + 50)).size).toBe(50);
    const coarse = await openScenes({ count: 150, seed: 5 });
    expect([...labelsOf(coarse)]).toEqual([...labels].map((fine) => Math.floor(fine / 5)));
    expect(sceneFineClasses[coarse.label(0) * 5]).toContain(sceneClasses[coarse.label(0)]);
  });

  it.each([8, 32, 64, 100, 256])("annotate what they show at %i pixels", (size) => {
    for (let index = 0; index < 5; index++) {
      const scene = renderScene({ seed: 1, index, size });
      expect(scene.pixels.length).toBe(size * size * 3);
      expect(scene.objects.at(-1)).toMatchObject({ label: scene.label, fineLabel: scene.fineLabel });
      const map = new Uint8Array(size * size);
      for (const { box, mask, label } of scene.objects) {
        const [left, top, width, height] = box;
        const covered = [...mask.keys()].filter((i) => mask[i] === 1);
        const columns = covered.map((i) => i % size);
        const rows = covered.map((i) => Math.floor(i / size));
        expect([Math.min(...columns), Math.min(...rows)]).toEqual([left, top]);
        expect([Math.max(...columns) - left + 1, Math.max(...rows) - top + 1]).toEqual([width, height]);
        for (const i of covered) {
          expect(map[i]).toBe(0); // an instance hides what is behind it
          map[i] = label + 1;
        }
      }
      expect(map).toEqual(scene.labelMap);
    }
  });

  it("show the same at any size", () => {
    for (let index = 0; index < 10; index++) {
      const small = renderScene({ seed: 3, index, size: 48 });
      const large = renderScene({ seed: 3, index, size: 96 });
      const [left, top, width, height] = small.objects.at(-1)!.box;
      const doubled = [left, top, width, height].map((value) => value * 2);
      for (const [i, value] of large.objects.at(-1)!.box.entries())
        expect(Math.abs(value - doubled[i]!)).toBeLessThanOrEqual(4);
    }
  });

  it("show the main object clearly, and other things too", () => {
    const scenes = Array.from({ length: 100 }, (_, index) => renderScene({ seed: 9, index, size: 32 }));
    const shares = scenes.map(
      ({ objects }) => objects.at(-1)!.mask.reduce((sum, covered) => sum + covered, 0) / 1024,
    );
    expect(Math.min(...shares)).toBeGreaterThan(0.03);
    expect(Math.max(...shares)).toBeLessThan(0.5);
    expect(scenes.filter(({ objects }) => objects.length > 1).length).toBeGreaterThan(40);
  });

  it("cannot be told by the colours of their pixels' means", () => {
    const scenes = Array.from({ length: 500 }, (_, index) => renderScene({ seed: 11, index, size: 16 }));
    const means = sceneClasses.map((_, label) => {
      const of = scenes.filter((scene) => scene.label === label);
      return (
        of.reduce((sum, { pixels }) => sum + pixels.reduce((a, b) => a + b, 0) / pixels.length, 0) / of.length
      );
    });
    expect(Math.max(...means) - Math.min(...means)).toBeLessThan(45);
  });

  it("are a dataset of pixels with ids", async () => {
    const dataset = await openDataset("scenes:count=3,size=24,seed=2");
    expect(dataset.id(2)).toBe("scene-2-2");
    expect(await dataset.read(2)).toMatchObject({ kind: "pixels", width: 24, height: 24 });
    expect(await refusal(dataset.read(3))).toMatch(/^USAGE_INVALID: image 3/);
    const other = await openDataset("scenes:count=3,size=24,seed=3");
    expect(other.digest).not.toBe(dataset.digest);
  });

  it.each(["shape", "fine"] as const)("are detection and segmentation sets, by %s", async (labels) => {
    const spec = { kind: "scenes", count: 6, size: 40, seed: 4, labels };
    const [boxes, maps, raw] = [
      await openDetection(spec),
      await openSegmentation(spec),
      await openScenes(spec),
    ];
    const classes = labels === "fine" ? sceneFineClasses : sceneClasses;
    expect(boxes.categories).toEqual(classes.map((name, label) => ({ id: label + 1, name })));
    expect(maps.labelNames).toEqual(["background", ...classes]);
    expect(await boxes.imageSize(0)).toEqual({ height: 40, width: 40 });
    for (let index = 0; index < 6; index++) {
      const expected = raw.scene(index).objects;
      const objects = await boxes.objects(index);
      expect(objects.map(({ label, box }) => ({ label, box }))).toEqual(
        expected.map(({ label, fineLabel, box }) => ({ label: labels === "fine" ? fineLabel : label, box })),
      );
      const map = new Uint8Array(1600);
      for (const { label, mask, area, box } of objects) {
        expect([maskArea(mask!), maskBox(mask!)]).toEqual([area, [...box]]);
        for (const [pixel, covered] of decodeMask(mask!).entries()) if (covered) map[pixel] = label + 1;
      }
      expect(await maps.labelMap(index)).toEqual({ height: 40, width: 40, data: map });
    }
    expect(await refusal(boxes.objects(6))).toMatch(/^USAGE_INVALID: image 6/);
  });

  it.each([7, 2049, 16.5])("are not drawn at %s pixels", (size) => {
    expect(() => renderScene({ seed: 0, index: 0, size })).toThrow(/sizes are 8 to 2048/);
  });
});
