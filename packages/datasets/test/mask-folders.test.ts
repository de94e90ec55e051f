import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataset, openSegmentation } from "../src/index.js";
import { dataFolder } from "./fixtures.js";
import { image, indexPng, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const picture = await image([1, 2, 3], 2);
const mask = (...values: number[]) => indexPng({ width: 2, values });
const values = async (spec: string, index = 0) => [
  ...(await (await openSegmentation(spec)).labelMap(index)).data,
];

describe("mask folders", () => {
  write(folder, "streets/val/b.png", picture);
  write(folder, "streets/val/a.jpg", picture);
  write(folder, "streets/val/.hidden.jpg", picture);
  write(folder, "streets/valannot/a.png", mask(0, 1, 2, 3));
  write(folder, "streets/valannot/b.png", mask(4, 4, 0, 9));
  const streets = `masks:${folder}/streets,split=val,names=sky,road,car,ignore=3,4`;

  it("have a label per number, and numbers that count nowhere", async () => {
    const dataset = await openSegmentation(streets);
    expect(dataset.labelNames).toEqual(["sky", "road", "car"]);
    expect([dataset.length, dataset.ignore, dataset.id(0), dataset.id(1)]).toEqual([
      2,
      255,
      "val/a.jpg",
      "val/b.png",
    ]);
    expect(await dataset.labelMap(0)).toEqual({ width: 2, height: 2, data: Uint8Array.of(0, 1, 2, 255) });
    expect(await refusal(dataset.labelMap(2))).toMatch(/^USAGE_INVALID/);
  });

  it("refuse a number that is neither", async () => {
    expect(await refusal(values(streets, 1))).toMatch(
      /^DATA_REFUSED: .*b.png has the value 9 at 1 pixels, which is none of its 3 labels/,
    );
  });

  it("may lie in other folders, nested", async () => {
    write(folder, "other/images/val/x/a.jpg", picture);
    write(folder, "other/labels/val/x/a.png", mask(0, 1, 1, 0));
    const spec = `masks:${folder}/other,split=val,names=no,yes,images=images/{split},masks=labels/{split}`;
    expect(await values(spec)).toEqual([0, 1, 1, 0]);
    expect((await openDataset(spec)).id(0)).toBe("images/val/x/a.jpg");
  });

  it("hold more than 255 labels, in 16 bits", async () => {
    write(folder, "many/val/a.png", picture);
    write(folder, "many/valannot/a.png", indexPng({ width: 2, values: [0, 299, 65535, 256], depth: 16 }));
    const names = Array.from({ length: 300 }, (_, i) => `n${i}`).join(",");
    const dataset = await openSegmentation(`masks:${folder}/many,split=val,names=${names},ignore=65535`);
    expect(dataset.ignore).toBe(65535);
    expect((await dataset.labelMap(0)).data).toEqual(Uint16Array.of(0, 299, 65535, 256));
  });

  it("say what they expect", async () => {
    write(folder, "bare/val/a.jpg", picture);
    const bare = `masks:${folder}/bare,split=val,names=a,b`;
    expect(await refusal(openSegmentation(bare))).toMatch(
      /^DATA_REFUSED: .*bare is not laid out as a mask folder: valannot is missing \(there is val\) \| expected {split}\/NAME.jpg, {split}annot\/NAME.png/,
    );
    write(folder, "bare/valannot/b.png", mask(0));
    expect(await refusal(openSegmentation(bare))).toContain("val/a.jpg has no mask valannot/a.png");
    write(folder, "bare/none/readme.txt", "");
    write(folder, "bare/noneannot/b.png", mask(0));
    expect(await refusal(openSegmentation(bare.replace("val", "none")))).toContain("none holds no images");
  });

  it.each([
    ["names=a,a", "a name is there twice"],
    ["names=a,ignore=void", "ignore"],
    ["ignore=1", "names"],
  ])("refuse %s", async (options, message) => {
    const text = await refusal(openSegmentation(`masks:${folder}/streets,split=val,${options}`));
    expect(text).toMatch(/^CONFIG_INVALID/);
    expect(text).toContain(message);
  });
});

describe("ADE20K", () => {
  write(folder, "ade/images/training/ADE_train_1.jpg", picture);
  write(folder, "ade/annotations/training/ADE_train_1.png", mask(0, 1, 2, 3));
  const table =
    "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.15\t1\t2\t1\twall\n2\t0.1\t1\t2\t1\tbuilding, edifice\n";
  const info = write(folder, "ade/objectInfo150.txt", table);
  const ade = `ade20k:${folder}/ade,split=training`;

  it("ignores 0 and shifts the rest", async () => {
    const dataset = await openSegmentation(ade);
    expect([dataset.labelNames, dataset.id(0)]).toEqual([
      ["wall", "building"],
      "images/training/ADE_train_1.jpg",
    ]);
    expect(await refusal(dataset.labelMap(0))).toContain("has the value 3 at 1 pixels");
    write(folder, "ade/annotations/training/ADE_train_1.png", mask(0, 1, 2, 1));
    expect(await values(ade)).toEqual([255, 0, 1, 0]);
  });

  it("says what it expects", async () => {
    expect(await refusal(openSegmentation(`ade20k:${folder}/ade,split=validation`))).toMatch(
      /is not laid out as ADE20K: images\/validation is missing .* \| expected images\/training\/NAME.jpg/,
    );
    write(folder, "ade/objectInfo150.txt", table.replace("2\t0.1", "7\t0.1"));
    expect(await refusal(openSegmentation(ade))).toMatch(
      /^DATA_REFUSED: .*objectInfo150.txt, line 3: .* is not class 2/,
    );
    expect(info).toContain("ade");
  });
});

describe("Cityscapes", () => {
  const name = "aachen/aachen_000000_000019";
  write(folder, `city/leftImg8bit/train/${name}_leftImg8bit.png`, picture);
  write(folder, `city/gtFine/train/${name}_gtFine_labelIds.png`, mask(7, 33, 3, 26));
  const city = `cityscapes:${folder}/city,split=train`;

  it("maps published ids to train ids", async () => {
    const dataset = await openSegmentation(city);
    expect([dataset.labelNames.length, dataset.labelNames[18]]).toEqual([19, "bicycle"]);
    expect(await values(city)).toEqual([0, 18, 255, 13]);
  });

  it("reads train ids as they are", async () => {
    const spec = `${city},ids=labelTrainIds`;
    expect(await refusal(openSegmentation(spec))).toContain(
      "has no mask gtFine/train/aachen/aachen_000000_000019_gtFine_labelTrainIds.png",
    );
    write(folder, `city/gtFine/train/${name}_gtFine_labelTrainIds.png`, mask(0, 18, 255, 13));
    expect(await values(spec)).toEqual([0, 18, 255, 13]);
  });

  it("says what it expects", async () => {
    expect(await refusal(openSegmentation(`cityscapes:${folder}/city,split=val`))).toMatch(
      /not laid out as Cityscapes: leftImg8bit\/val is missing .* expected leftImg8bit\/SPLIT\/CITY\/NAME_leftImg8bit.png/,
    );
  });
});

const camvid = join(dataFolder, "camvid");
describe.skipIf(!existsSync(camvid))(
  `CamVid${existsSync(camvid) ? "" : " (skipped: no data/camvid)"}`,
  () => {
    const names = "sky,building,pole,road,pavement,tree,sign,fence,car,pedestrian,bicyclist";

    it.each([
      ["train", 367],
      ["val", 101],
      ["test", 233],
    ] as const)("split %s has %i images, whose maps hold its labels and the void", async (split, images) => {
      const dataset = await openSegmentation(`masks:${camvid},split=${split},names=${names},ignore=11`);
      expect(dataset.length).toBe(images);
      const seen = new Set<number>();
      for (let index = 0; index < images; index += 7) {
        const { height, width, data } = await dataset.labelMap(index);
        expect([height, width, data.length]).toEqual([180, 240, 180 * 240]);
        for (const label of data) seen.add(label);
      }
      expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]);
    });
  },
);
