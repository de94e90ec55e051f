import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeMask, encodeMask, maskArea, runsToText } from "@difftap/core";
import { afterAll, describe, expect, it } from "vitest";
import { type DetectionDataset, openDataset, openDetection } from "../src/index.js";
import { image, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const jpeg = await image([1, 2, 3], 8, "jpeg");
write(folder, "coco/val2017/a.jpg", jpeg);
write(folder, "coco/val2017/b.jpg", jpeg);

const images = [
  { id: 70, file_name: "a.jpg", height: 8, width: 10, license: 1 },
  { id: 3, file_name: "b.jpg", height: 8, width: 10 },
  { id: 900, file_name: "empty.jpg", height: 5, width: 6 },
];
const categories = [
  { id: 90, name: "toothbrush", supercategory: "indoor" },
  { id: 1, name: "person" },
  { id: 17, name: "cat" },
];
const square = [1, 1, 5, 1, 5, 4, 1, 4];
const annotation = (changes: object = {}) => ({
  id: 1,
  image_id: 70,
  category_id: 17,
  bbox: [1, 1, 4, 3],
  area: 12.5,
  iscrowd: 0,
  segmentation: [square],
  ...changes,
});

/** The order of COCO's own files, categories last. */
function instances(annotations: readonly object[], changes: object = {}): string {
  return JSON.stringify({
    info: { a: [{ b: [[1]] }] },
    licenses: [],
    images,
    annotations,
    categories,
    ...changes,
  });
}

let files = 0;
function written(text: string): string {
  return `coco:${write(folder, `coco/annotations/instances_val2017.${files++}.json`, text)},images=${folder}/coco/val2017`;
}
async function open(annotations: readonly object[], changes?: object): Promise<DetectionDataset> {
  return openText(instances(annotations, changes));
}
async function openText(text: string): Promise<DetectionDataset> {
  const dataset = await openDetection(written(text));
  afterAll(() => dataset.close?.());
  return dataset;
}

describe("COCO", () => {
  it("numbers categories by their ids, gaps and all, and keeps the ids", async () => {
    const dataset = await open([
      annotation(),
      annotation({ category_id: 90 }),
      annotation({ category_id: 1 }),
    ]);
    expect(dataset.categories).toEqual([
      { id: 1, name: "person" },
      { id: 17, name: "cat" },
      { id: 90, name: "toothbrush" },
    ]);
    expect((await dataset.objects(0)).map(({ label }) => label)).toEqual([1, 2, 0]);
    expect([0, 1, 2].map((index) => dataset.imageId?.(index))).toEqual([70, 3, 900]);
  });

  it("gives each image its own objects, in the order of the file, and keeps empty images", async () => {
    const owners = [3, 70, 3, 3, 70];
    const dataset = await open(owners.map((image_id, i) => annotation({ image_id, area: i })));
    const areas = await Promise.all([0, 1, 2].map((index) => dataset.objects(index)));
    expect(areas.map((objects) => objects.map(({ area }) => area))).toEqual([[1, 4], [0, 2, 3], []]);
    expect([dataset.length, await dataset.imageSize(2)]).toEqual([3, { height: 5, width: 6 }]);
  });

  it("reads polygons, runs and compressed runs alike", async () => {
    const pixels = Uint8Array.from({ length: 80 }, (_, i) =>
      Number(i % 10 >= 1 && i % 10 < 5 && i >= 10 && i < 40),
    );
    const runs = encodeMask(pixels, { height: 8, width: 10 });
    const size = [8, 10];
    const dataset = await open([
      annotation(),
      annotation({ iscrowd: 1, segmentation: { size, counts: Array.from(runs.counts) } }),
      annotation({ area: undefined, segmentation: { size, counts: runsToText(runs) } }),
      annotation({ segmentation: [] }),
      annotation({ area: undefined, segmentation: undefined }),
    ]);
    const objects = await dataset.objects(0);
    for (const { mask } of objects.slice(0, 3)) expect(decodeMask(mask!)).toEqual(pixels);
    expect(objects.map(({ mask, crowd }) => [mask !== undefined, crowd])).toEqual([
      [true, false],
      [true, true],
      [true, false],
      [false, false],
      [false, false],
    ]);
    expect(objects.map(({ area }) => area)).toEqual([12.5, 12.5, maskArea(runs), 12.5, 12]);
  });

  it("takes annotations before images, bytes that are no ASCII, escapes and blanks", async () => {
    const named = images.map((each) => ({ ...each, file_name: `Füße \u{1f9b6} "${each.file_name}` }));
    for (const { file_name } of named) write(folder, `coco/val2017/${file_name}`, jpeg);
    const text = JSON.stringify(
      { categories, annotations: [annotation({ note: 'ä\\"}]' })], images: named },
      null,
      3,
    );
    const dataset = await openText(`\ufeff${text}\n\n`);
    expect(dataset.id(0)).toBe('Füße \u{1f9b6} "a.jpg');
    expect((await dataset.objects(0))[0]).toMatchObject({ label: 1, box: [1, 1, 4, 3], area: 12.5 });
  });

  it("cuts what leaves the image by a pixel or more, drops what has no area, and counts", async () => {
    const boxes = [
      [1, 1, 0, 3],
      [7, 2, 3.6, 4],
      [-3, -1, 20, 20],
      [10, 0, 4, 4],
      [1, 1, -2, 3],
    ];
    const dataset = await open(boxes.map((bbox) => annotation({ bbox, segmentation: [] })));
    expect((await dataset.objects(0)).map(({ box }) => box)).toEqual([
      [7, 2, 3.6, 4],
      [0, 0, 10, 8],
    ]);
    expect(dataset.report).toMatchObject({ boxes: 5, clipped: 1, dropped: 3 });
    expect(dataset.report?.examples[0]).toMatch(/annotations\[0\]: \[1, 1, 0, 3\]$/);
  });

  it("finds the images where COCO has them", async () => {
    const path = write(folder, "coco/annotations/instances_val2017.json", instances([annotation()]));
    const dataset = await openDataset(`coco:${path}`);
    expect((await dataset.read(1)).source).toBe(join(folder, "coco/val2017/b.jpg"));
    expect([dataset.classes, dataset.label(0), dataset.id(1)]).toEqual([null, -1, "b.jpg"]);
    const lost = write(folder, "lost/annotations/instances_val2017.json", instances([]));
    expect(await refusal(openDetection(`coco:${lost}`))).toMatch(
      /^FILE_MISSING: .*a.jpg is in none of .*lost\/val2017, .* \| name the folder by images=PATH/,
    );
  });

  it("keeps its digest when moved, changes it with an annotation, and reads on after it was closed", async () => {
    const [one, moved] = [await open([annotation()]), await open([annotation()])];
    expect(moved.digest).toBe(one.digest);
    expect((await open([annotation({ area: 3 })])).digest).not.toBe(one.digest);
    expect(await one.objects(0)).toHaveLength(1);
    await one.close?.();
    expect(await one.objects(0)).toHaveLength(1);
    await one.close?.();
    await one.close?.();
    expect(await refusal(one.objects(3))).toMatch(/^USAGE_INVALID/);
  });
});

describe("COCO files that are refused", () => {
  const text = instances([annotation(), annotation({ image_id: 3 })]);

  it("cut short, anywhere", async () => {
    for (let end = 0; end < text.length; end += 17)
      expect(await refusal(openDetection(written(text.slice(0, end))))).toMatch(
        /^DATA_REFUSED: .* ends at byte \d+, in the middle of its JSON/,
      );
  });

  it.each([
    ["garbage", `${text}x`, "is not JSON"],
    ["NaN", text.replace("12.5", "NaN"), "is not JSON"],
    ["deep", `{"info":${"[".repeat(100)}`, "nests deeper than 64"],
    ["results", JSON.stringify([annotation()]), "lists no images: it is no COCO instances file"],
    ["no categories", instances([], { categories: [] }), "lists no categories"],
    ["an image without size", instances([], { images: [{ id: 1, file_name: "a" }] }), "images[0], height"],
    [
      "an image out of the folder",
      instances([], { images: [{ ...images[0], file_name: "../a" }] }),
      "out of its folder",
    ],
    ["two of an image", instances([], { images: [images[0], images[0]] }), "the id 70 is there twice"],
    [
      "two of a category",
      instances([], { categories: [categories[0], categories[0]] }),
      "the id 90 is there twice",
    ],
    [
      "an unknown image",
      instances([annotation({ image_id: 71 })]),
      "annotations[0]: image_id is 71, and nothing has",
    ],
    [
      "an unknown category",
      instances([annotation({ category_id: 18 })]),
      "annotations[0]: category_id is 18",
    ],
    ["no box", instances([annotation({ bbox: undefined })]), "annotations[0], bbox"],
    ["half a box", instances([annotation({ bbox: [1, 2] })]), "annotations[0], bbox"],
    ["an annotation that is none", instances([7 as unknown as object]), "annotations[0]: "],
  ])("%s", async (_, content, message) => {
    const found = await refusal(openDetection(written(content)));
    expect(found).toMatch(/^DATA_REFUSED: /);
    expect(found).toContain(message);
  });

  it.each([
    ["runs that do not sum up", { size: [8, 10], counts: [3, 4] }, "the runs of a mask sum to 7"],
    ["compressed runs that do not sum up", { size: [8, 10], counts: "3" }, "the runs of a mask sum to 3"],
    [
      "runs of another size",
      { size: [10, 8], counts: [80] },
      "a mask of 10 × 8 pixels for an image of 8 × 10",
    ],
    ["half a point", [[1, 2, 3]], "a polygon of 3 coordinates"],
    ["words", "all of it", "segmentation"],
  ])("%s, when its objects are read", async (_, segmentation, message) => {
    const dataset = await open([annotation({ segmentation })]);
    const found = await refusal(dataset.objects(0));
    expect(found).toMatch(/^DATA_REFUSED: .*, annotation at byte \d+/);
    expect(found).toContain(message);
  });

  it("changed while in use", async () => {
    const path = write(folder, "coco/annotations/changing.json", text);
    const dataset = await openDetection(`coco:${path},images=${folder}/coco/val2017`);
    writeFileSync(path, "x".repeat(text.length));
    expect(await refusal(dataset.objects(0))).toMatch(/^DATA_REFUSED: .* is no longer there/);
    writeFileSync(path, "");
    appendFileSync(path, "{}");
    expect(await refusal(dataset.objects(0))).toMatch(/^DATA_REFUSED: .* ends at byte 2/);
    await dataset.close?.();
  });

  it("that are not there", async () => {
    expect(await refusal(openDetection(`coco:${folder}/none.json`))).toMatch(/^FILE_MISSING: .*none.json/);
    expect(await refusal(openDetection(`coco:${folder}`))).toMatch(/^READ_FAILED/);
  });
});
