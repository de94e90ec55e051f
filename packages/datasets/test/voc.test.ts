import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataset, openDetection, openSegmentation } from "../src/index.js";
import { dataFolder } from "./fixtures.js";
import { image, indexPng, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const jpeg = await image([10, 20, 30], 10, "jpeg");

interface Written {
  readonly name: string;
  readonly corners: readonly [number, number, number, number];
  readonly more?: string;
}

function xml(
  objects: readonly Written[],
  size = "<size><width>10</width><height>10</height></size>",
): string {
  const each = objects.map(({ name, corners: [left, top, right, bottom], more = "" }) => {
    const box = `<xmin>${left}</xmin><ymin>${top}</ymin><xmax>${right}</xmax><ymax>${bottom}</ymax>`;
    return `<object><name>${name}</name>${more}<bndbox>${box}</bndbox></object>`;
  });
  return `<?xml version="1.0"?>\n<annotation>${size}${each.join("\n")}</annotation>`;
}

/** A tree of images with their annotations; the split `train` has all of them. */
function tree(name: string, annotations: Readonly<Record<string, string>>): string {
  for (const [id, content] of Object.entries(annotations)) {
    write(folder, `${name}/JPEGImages/${id}.jpg`, jpeg);
    write(folder, `${name}/Annotations/${id}.xml`, content);
  }
  write(folder, `${name}/ImageSets/Main/train.txt`, `${Object.keys(annotations).join("\n")}\n`);
  return `voc:${join(folder, name)},split=train`;
}

const dog = (corners: Written["corners"], more?: string): Written => ({
  name: "dog",
  corners,
  ...(more !== undefined && { more }),
});

describe("Pascal VOC, boxes", () => {
  it("numbers pixels from 1 and counts both corners in", async () => {
    const dataset = await openDetection(
      tree("corners", { a: xml([dog([1, 1, 10, 10]), dog([3, 4, 4, 8])]) }),
    );
    const objects = await dataset.objects(0);
    expect(objects.map(({ box, area }) => [box, area])).toEqual([
      [[0, 0, 10, 10], 100],
      [[2, 3, 2, 5], 10],
    ]);
    expect(await dataset.imageSize(0)).toEqual({ height: 10, width: 10 });
  });

  it("has VOC's twenty classes in its order, and no others when none occurs", async () => {
    const dataset = await openDetection(tree("twenty", { a: xml([dog([1, 1, 5, 5])]) }));
    expect(dataset.categories).toHaveLength(20);
    expect(dataset.categories[11]).toEqual({ id: 12, name: "dog" });
    expect((await dataset.objects(0))[0]).toMatchObject({ label: 11, crowd: false, difficult: false });
  });

  it("has the names of all annotations, sorted, whichever split is opened", async () => {
    tree("cells", {
      a: xml([{ name: "RBC", corners: [1, 1, 5, 5] }]),
      b: xml([{ name: "WBC", corners: [1, 1, 5, 5] }]),
    });
    write(folder, "cells/ImageSets/Main/val.txt", "b -1\r\n\r\n");
    const dataset = await openDetection(`voc:${folder}/cells,split=val`);
    expect(dataset.categories).toEqual([
      { id: 1, name: "RBC" },
      { id: 2, name: "WBC" },
    ]);
    expect([dataset.length, dataset.id(0), (await dataset.objects(0))[0]?.label]).toEqual([1, "b", 1]);
  });

  it("follows a class list, and says what it does not have", async () => {
    const spec = tree("listed", { a: xml([dog([1, 1, 5, 5])]) });
    const list = write(folder, "names.json", '["cat", "dog"]');
    const dataset = await openDetection(`${spec},classes=${list}`);
    expect((await dataset.objects(0))[0]?.label).toBe(1);
    const other = write(folder, "other.json", '["dot"]');
    expect(await refusal(openDetection(`${spec},classes=${other}`))).toMatch(
      /^LABELS_MISMATCH: .*a.xml has an object of class "dog", .* \| did you mean dot\?/,
    );
  });

  it("cuts what leaves the image, drops what has no area, and counts both", async () => {
    const objects = [
      dog([5, 5, 5, 9]),
      dog([0, -4, 5, 5]),
      dog([8, 8, 30, 30]),
      dog([11, 1, 20, 9]),
      dog([2, 2, 4, 4]),
    ];
    const dataset = await openDetection(tree("outside", { a: xml(objects) }));
    expect((await dataset.objects(0)).map(({ box }) => box)).toEqual([
      [0, 0, 5, 5],
      [7, 7, 3, 3],
      [1, 1, 3, 3],
    ]);
    expect(dataset.report).toMatchObject({ boxes: 5, clipped: 2, dropped: 2 });
    expect(dataset.report?.examples[0]).toMatch(/a.xml \(dog\): \[4, 4, 0, 5\]$/);
  });

  it("keeps empty images, and takes the size from the image where the annotation has none", async () => {
    const dataset = await openDetection(tree("empty", { a: xml([], ""), b: xml([dog([4, 4, 60, 6])], "") }));
    expect(await dataset.objects(0)).toEqual([]);
    expect(await dataset.imageSize(0)).toEqual({ height: 10, width: 10 });
    expect((await dataset.objects(1))[0]?.box).toEqual([3, 3, 7, 3]);
  });

  it("takes an object's own box, not its parts', and marks what is difficult", async () => {
    const part =
      "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>";
    const spec = tree("parts", { a: xml([dog([2, 2, 8, 8], `${part}<difficult>1</difficult>`)]) });
    const [object] = await (await openDetection(spec)).objects(0);
    expect(object).toMatchObject({ box: [1, 1, 7, 7], difficult: true });
  });

  it("is a data set of images too, whose digest knows the annotations", async () => {
    const one = await openDataset(tree("one", { a: xml([dog([1, 1, 5, 5])]) }));
    const two = await openDataset(tree("two", { a: xml([dog([1, 1, 5, 6])]) }));
    expect([one.label(0), one.classes, (await one.read(0)).kind]).toEqual([-1, null, "encoded"]);
    expect(two.digest).not.toBe(one.digest);
    expect(await refusal(one.read(1))).toMatch(/^USAGE_INVALID/);
  });
});

describe("Pascal VOC, refused", () => {
  it.each([
    ["no-name", "<annotation><object/></annotation>", "object 1 has no name"],
    ["no-box", "<annotation><object><name>dog</name></object></annotation>", "object 1 (dog) has no bndbox"],
    [
      "no-corner",
      xml([dog([1, 1, 5, 5])]).replace(/<ymax>.*<\/ymax>/, ""),
      "(dog) has no ymax in its bndbox",
    ],
    [
      "no-number",
      xml([dog([1, 1, 5, 5])]).replace("<xmin>1<", "<xmin>left<"),
      'has the xmin "left", which is no number',
    ],
    ["other-root", "<html/>", "begins with <html>, expected <annotation>"],
    ["doctype", `<!DOCTYPE x [<!ENTITY a "b">]>${xml([]).slice(21)}`, "a DOCTYPE"],
    ["half", xml([dog([1, 1, 5, 5])]).slice(0, 90), "is not well-formed XML"],
    ["nothing", "", "is not well-formed XML"],
    ["deep", "<a>".repeat(1000), "more than 64 elements inside one another"],
    ["control", "<annotation>\u0001</annotation>", "is not well-formed XML"],
  ])("%s", async (name, content, message) => {
    const text = await refusal(openDetection(tree(name, { a: content })));
    expect(text).toMatch(/^DATA_REFUSED: /);
    expect(text).toContain(message);
    expect(text).toContain("a.xml");
  });

  it("another layout, saying what is missing and what is expected", async () => {
    write(folder, "flat/a.jpg", jpeg);
    expect(await refusal(openDetection(`voc:${folder}/flat,split=train`))).toMatch(
      /^DATA_REFUSED: .*flat is not laid out as Pascal VOC: JPEGImages is missing \(there is a.jpg\) \| expected JPEGImages\/ID.jpg, ImageSets\/Main\/SPLIT.txt, Annotations\/ID.xml/,
    );
    expect(await refusal(openDetection(`voc:${folder}/nowhere,split=train`))).toMatch(/^FILE_MISSING/);
  });

  it("a split that is not there, naming those that are", async () => {
    const spec = tree("splits", { a: xml([]) });
    write(folder, "splits/ImageSets/Main/val.txt", "a");
    expect(await refusal(openDetection(spec.replace("=train", "=test")))).toMatch(
      /^FILE_MISSING: .* has no split "test" \| there is train, val$/,
    );
    expect(await refusal(openDetection(spec.replace("=train", "=../Main/val")))).toMatch(/^FILE_MISSING/);
    expect(await refusal(openDetection(spec.replace(",split=train", "")))).toMatch(
      /^CONFIG_INVALID: .*split/,
    );
  });

  it("lists that name what is not there, twice, or out of the folder", async () => {
    const spec = tree("lists", { a: xml([]) });
    const list = (text: string) => write(folder, "lists/ImageSets/Main/train.txt", text);
    list("a\nb\n");
    expect(await refusal(openDetection(spec))).toMatch(/^FILE_MISSING: .*Annotations\/b.xml/);
    list("a\na\n");
    expect(await refusal(openDetection(spec))).toMatch(/^DATA_REFUSED: .*train.txt names a twice/);
    list("\n");
    expect(await refusal(openDetection(spec))).toMatch(/^DATA_REFUSED: .*train.txt lists no images/);
    write(folder, "lists/x.xml", xml([]));
    list("../x");
    expect(await refusal(openDetection(spec))).toMatch(/^DATA_REFUSED: .*which lies out of its folder/);
  });
});

describe("Pascal VOC, label maps", () => {
  const maps = `voc:${folder}/maps,split=val`;
  tree("maps", { a: xml([]) });
  write(folder, "maps/ImageSets/Segmentation/val.txt", "a\n");
  const mask = (values: number[]) =>
    write(folder, "maps/SegmentationClass/a.png", indexPng({ width: 2, values, palette: true }));

  it("are palette indices: background, twenty classes, void", async () => {
    mask([0, 20, 255, 1]);
    const dataset = await openSegmentation(maps);
    expect([
      dataset.labelNames.length,
      dataset.labelNames[0],
      dataset.labelNames[20],
      dataset.ignore,
    ]).toEqual([21, "background", "tvmonitor", 255]);
    expect(await dataset.labelMap(0)).toEqual({ width: 2, height: 2, data: Uint8Array.of(0, 20, 255, 1) });
    expect((await dataset.read(0)).source).toContain("JPEGImages/a.jpg");
  });

  it("are refused for an index that is no class", async () => {
    mask([0, 21, 21, 1]);
    expect(await refusal((await openSegmentation(maps)).labelMap(0))).toMatch(
      /^DATA_REFUSED: .*a.png has the value 21 at 2 pixels, which is none of its 21 labels/,
    );
  });
});

const bccd = join(dataFolder, "bccd");
describe.skipIf(!existsSync(bccd))(`blood cells${existsSync(bccd) ? "" : " (skipped: no data/bccd)"}`, () => {
  it.each([
    ["train", 205, [209, 2381, 214], 1],
    ["val", 87, [83, 967, 87], 1],
    ["test", 72, [69, 805, 71], 0],
  ] as const)("split %s", async (split, images, written, dropped) => {
    const dataset = await openDetection(`voc:${bccd},split=${split}`);
    expect(dataset.categories.map(({ name }) => name)).toEqual(["Platelets", "RBC", "WBC"]);
    expect([dataset.length, dataset.report?.dropped, dataset.report?.clipped]).toEqual([images, dropped, 0]);
    const counts = [0, 0, 0];
    for (let index = 0; index < dataset.length; index++)
      for (const { label } of await dataset.objects(index)) counts[label]!++;
    expect(counts).toEqual(written);
  });
});
